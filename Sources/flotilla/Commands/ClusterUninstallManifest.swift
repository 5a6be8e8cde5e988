// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct ClusterUninstallManifest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall-manifest",
        abstract: "Print what takes a cluster's agent out: a manifest for kubectl delete.",
        discussion: """
            Only the agent and its own namespace go. Everything that it applied stays and runs on; nothing keeps it any more. Give the \
            same --mode and --namespaces as to 'cluster enroll'. To refuse its certificate from now on, too: 'flotilla cluster revoke'.

            Examples:
              flotilla cluster uninstall-manifest prod-eu-1 | kubectl delete --ignore-not-found -f -
              flotilla cluster uninstall-manifest edge-7 --mode namespaced --namespaces shop,web | kubectl delete -f -
            """)

    @Argument(help: "The cluster's name.")
    var name: String

    @OptionGroup var access: ClusterRights

    func run() async throws {
        let head = """
            # Takes Flotilla's agent out of the cluster \(name), and nothing that it applied:
            #   kubectl delete --ignore-not-found -f -

            """
        Terminal.write(head + YAML.write(documents: AgentInstallation.removal(try access.rights())), to: 1)
    }
}
