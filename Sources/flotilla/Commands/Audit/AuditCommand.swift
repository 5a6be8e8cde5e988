// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Look at who did what, verify it, export it, and remove what was exported.",
        subcommands: [AuditList.self, AuditVerify.self, AuditExport.self, AuditPrune.self])
}
