// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Enrol clusters, and install, upgrade and remove their agents.",
        subcommands: [
            ClusterEnroll.self, ClusterApprove.self, ClusterRevoke.self, ClusterUpgradeAgents.self, ClusterUninstallManifest.self,
            ClusterRelease.self, ClusterRemove.self,
        ])
}
