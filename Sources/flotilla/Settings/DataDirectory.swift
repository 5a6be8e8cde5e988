// SPDX-License-Identifier: Apache-2.0

/// The folder in which a coordinator, and `flotilla up` with everything around it, keeps what must last.
struct DataDirectory: Sendable {
    let path: String

    /// - Parameter given: what the command line says; otherwise FLOTILLA_DATA, $XDG_DATA_HOME/flotilla or ~/.local/share/flotilla.
    init(_ given: String?) {
        if let chosen = given ?? Environment["FLOTILLA_DATA"] {
            path = LocalFile.absolute(chosen)
        } else if let home = Environment["XDG_DATA_HOME"] {
            path = "\(home)/flotilla"
        } else {
            path = "\(Environment["HOME"] ?? ".")/.local/share/flotilla"
        }
    }

    /// Says to the command line's client which coordinator to ask.
    var clientFile: String { "\(path)/client.json" }
    var tokenFile: String { "\(path)/admin-token" }
    var postgres: String { "\(path)/postgres" }
    /// The bare repository that `up` offers as its Git host.
    var repository: String { "\(path)/git/fleet.git" }
    var logs: String { "\(path)/logs" }
    var simulatorState: String { "\(path)/simulator/state" }
    var simulatorLogs: String { "\(path)/simulator/logs" }
    var kubeconfigs: String { "\(path)/simulator/kubeconfigs" }
    func kubeconfig(of cluster: String) -> String { "\(kubeconfigs)/\(cluster).yaml" }
    /// The age key of the clusters that `up` starts agents for.
    var ageKey: String { "\(path)/age.key" }
    /// The accounts that `up` makes for the example fleet, with their passwords.
    var demonstrationAccounts: String { "\(path)/demonstration-accounts.json" }
    func agent(_ cluster: String) -> String { "\(path)/agents/\(cluster)" }
}
