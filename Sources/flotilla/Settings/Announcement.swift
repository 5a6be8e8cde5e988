// SPDX-License-Identifier: Apache-2.0
import FleetCoordinator
import Manifests
import Synchronization

/// Says where a coordinator serves and how to sign in, once it is ready: on standard output, and in a file for who started it.
final class Announcement: Sendable {
    private let file: String?
    private let tokenFile: String
    private let coordinator = Mutex<Coordinator?>(nil)

    init(file: String?, dataDirectory: String) {
        self.file = file
        tokenFile = DataDirectory(dataDirectory).tokenFile
    }

    /// The coordinator whose links are given out.
    func know(_ coordinator: Coordinator) { self.coordinator.withLock { $0 = coordinator } }

    func ready(at url: String) {
        let link = coordinator.withLock { $0?.signInLink(url: url) } ?? url
        let agentURL = coordinator.withLock { $0?.agentURL }
        Terminal.print("Flotilla serves at \(url)")
        if let agentURL { Terminal.print("  Agents reach it at \(agentURL)") }
        Terminal.print("  Sign in, once, within 15 minutes: \(link)")
        Terminal.print("  Administrator's token:            \(tokenFile)")
        guard let file else { return }
        let document: Value = ["url": .string(url), "agentUrl": agentURL.map { .string($0) } ?? .null, "signInLink": .string(link)]
        do {
            try LocalFile.write(JSON.write(document, pretty: true), to: file, mode: 0o600)
        } catch {
            Terminal.complain("\(error)")
        }
    }
}
