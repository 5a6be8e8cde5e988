// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Folders of temporary servers, named after the process that made them.
enum TemporaryFolders {
    private static let prefix = "flotilla-postgres-"

    /// The path of a new folder, not made yet. Removes those whose process is gone.
    static func make() -> String {
        let system = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let parent = Files.absolute(system.isEmpty ? "/tmp" : system)
        for name in Files.entries(parent) where name.hasPrefix(prefix) {
            guard let owner = name.dropFirst(prefix.count).split(separator: "-").first.flatMap({ pid_t($0) }) else { continue }
            guard kill(owner, 0) != 0, errno == ESRCH else { continue }
            // Its server, where it has not ended yet, is told to by the kernel; should it still write, the folder goes next time.
            try? LeftoverProcesses.end(dataFolder: "\(parent)/\(name)/data")
            try? Files.remove("\(parent)/\(name)")
        }
        return "\(parent)/\(prefix)\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    }
}
