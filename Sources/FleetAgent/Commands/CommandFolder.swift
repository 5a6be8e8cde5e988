// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// What an agent keeps of commands in its state folder.
///
///     commands/ledger.json        the newest that was begun, and what has not ended
///     commands/ID.result.json     an answer that the coordinator has not acknowledged
///     drift-pauses.json           applications that are not healed for a while, as last told
struct CommandFolder: Sendable {
    let state: StateFolder

    private var folder: String { "\(state.path)/commands" }
    private var ledgerFile: String { "\(folder)/ledger.json" }
    private var pausesFile: String { "\(state.path)/drift-pauses.json" }
    private static let suffix = ".result.json"

    /// What was left by the agent that ran before. What had begun and has no answer is answered.
    func load(at now: Timestamp) async throws -> (ledger: CommandLedger, unsent: [Generation]) {
        let (folder, file) = (folder, ledgerFile)
        var (ledger, unsent) = try await state.onThread { () throws -> (CommandLedger, [Generation]) in
            try Folder.make(folder)
            let ledger = try Folder.read(file, bytesMax: 1 << 20).flatMap { try? CommandLedger(json: JSON.read($0)) } ?? CommandLedger()
            let unsent = Folder.names(folder).filter { $0.hasSuffix(Self.suffix) }.compactMap {
                Generation(String($0.dropLast(Self.suffix.count)))
            }
            return (ledger, unsent)
        }
        for id in unsent { ledger.end(id) }
        for result in ledger.interrupted(at: now) {
            try await save(result)
            ledger.end(result.id)
            unsent.append(result.id)
        }
        try await save(ledger)
        return (ledger, unsent.sorted())
    }

    func save(_ ledger: CommandLedger) async throws {
        let file = ledgerFile
        try await state.onThread { try Folder.write(JSON.write(ledger.json), to: file) }
    }

    func save(_ result: CommandResult) async throws {
        let file = file(result.id)
        try await state.onThread { try Folder.write(JSON.write(result.json), to: file) }
    }

    /// `nil` where it cannot be read back.
    func result(_ id: Generation) async throws -> CommandResult? {
        let file = file(id)
        return try await state.onThread {
            guard let bytes = try Folder.read(file, bytesMax: 4 << 20) else { return nil }
            return try? CommandResult(json: JSON.read(bytes), at: "result")
        }
    }

    func forget(_ id: Generation) async throws {
        let file = file(id)
        try await state.onThread { Folder.remove(file) }
    }

    private func file(_ id: Generation) -> String { "\(folder)/\(id)\(Self.suffix)" }

    // MARK: Pauses

    func pauses() async throws -> [DriftPause] {
        let file = pausesFile
        return try await state.onThread {
            guard let bytes = try Folder.read(file, bytesMax: 8 << 20), let fields = try? Fields(JSON.read(bytes)) else { return [] }
            let read = try? fields.list("pauses", limit: DriftPause.countMax) { (item, path) throws(ShapeError) in
                try DriftPause(json: item, at: path)
            }
            return read ?? []
        }
    }

    func save(_ pauses: [DriftPause]) async throws {
        let file = pausesFile
        let document: Value = ["format": "flotilla.dev/drift-pauses/v1", "pauses": .list(pauses.map(\.json))]
        try await state.onThread { try Folder.write(JSON.write(document), to: file) }
    }
}
