// SPDX-License-Identifier: Apache-2.0
import FleetCoordinator
import GitRepository
import Glibc
import Logging
import Manifests
import PostgresClient
import SecretsDecryption
import Threads

/// The step of a tour that follows the repository's encrypted Secrets into the clusters, and looks for their plaintexts elsewhere.
struct SecretSteps: Sendable {
    let place: TourPlace
    let fleet: LocalFleet
    let git: GitHand

    /// An encrypted Secret of the repository, as whoever has the key sees it.
    private struct Plain: Sendable {
        var name: String
        var values: [String: String]
    }

    /// Compares every Secret that clusters got with the repository's, then searches the database and what coordinator and agents keep.
    func arrived() async throws -> String {
        let secrets = try await decrypted()
        guard !secrets.isEmpty else { return "the repository has no Secret for the key \(fleet.settings.data.ageKey)" }
        var count = 0
        for environment in place.environments {
            for hand in place.hands(environment) {
                for found in try await hand.managedSecrets() {
                    let candidates = secrets.filter { $0.name == found.name }
                    guard !candidates.isEmpty else { continue }
                    guard candidates.contains(where: { $0.values == found.values }) else {
                        throw Failure("Secret \(found.name) in a cluster of \(environment) is not what the repository has")
                    }
                    count += 1
                }
            }
        }
        guard count > 0 else { throw Failure("none of the repository's \(secrets.count) encrypted Secrets is in any cluster") }
        // What is shorter is found anywhere by chance.
        let plaintexts = Set(secrets.flatMap(\.values.values).filter { $0.utf8.count >= 8 })
        let files = try await search(for: plaintexts.sorted())
        return "\(count) Secrets decrypted in clusters; \(plaintexts.count) plaintexts neither in the database nor in \(files) files"
    }

    // MARK: - Where they should be

    private func decrypted() async throws -> [Plain] {
        let keys = String(decoding: try LocalFile.read(fleet.settings.data.ageKey, limit: 64 << 10), as: UTF8.self)
        let identities = try Identities(parsing: keys)
        let files = try await git.clone.read(at: try await git.head()) { tree in
            try tree.files(below: "").filter { $0.path.hasSuffix(".yaml") || $0.path.hasSuffix(".yml") || $0.path.hasSuffix(".json") }
                .map { try tree.read($0.path, limit: 16 << 20) }.filter(SOPS.mentionsEncryptedText)
        }
        return files.flatMap { file -> [Plain] in
            // Others are for other keys.
            guard let opened = try? SOPS.open(document: file, identities: identities) else { return [] }
            return opened.documents.filter { $0["kind"] == "Secret" }.map { document in
                var values: [String: String] = [:]
                for entry in document["data"]?.map ?? Map() {
                    values[entry.key] = entry.value.string.flatMap { ClusterSecret.text(base64: $0) } ?? ""
                }
                for entry in document["stringData"]?.map ?? Map() { values[entry.key] = entry.value.string ?? "" }
                return Plain(name: document.at("metadata", "name")?.string ?? "", values: values)
            }
        }
    }

    // MARK: - Where they should not be

    /// - Returns: how many files were searched.
    private func search(for texts: [String]) async throws -> Int {
        let forms = texts.flatMap { [$0, Base64.encode(Array($0.utf8), padded: false)] }
        let database = Database(settings: try ConnectionSettings(url: await fleet.databaseURL), connections: 1, logger: Self.quiet)
        let tables: [String]
        do {
            tables = try await DatabaseSearch.tables(holding: forms, in: database)
            // So that the files that are searched next hold everything.
            if fleet.settings.databaseURL == nil { try await database.read { _ = try $0.execute("checkpoint") } }
        } catch {
            await database.close()
            throw error
        }
        await database.close()
        guard tables.isEmpty else { throw Failure("the plaintext of a Secret is in the database: in \(tables.joined(separator: ", "))") }
        let data = fleet.settings.data
        let folders = [data.logs, "\(data.path)/agents"] + (fleet.settings.databaseURL == nil ? [data.postgres] : [])
        var count = 0
        for folder in folders {
            for file in try FileSearch.files(below: folder) {
                count += 1
                guard !FileSearch.holds(file, any: forms) else { throw Failure("the plaintext of a Secret is in the file \(file)") }
            }
        }
        return count
    }

    private static let quiet = Logger(label: "flotilla.tour") { _ in SwiftLogNoOpLogHandler() }
}

/// A Secret as found in a cluster.
struct ClusterSecret: Sendable {
    var name: String
    var values: [String: String]

    init(object: Value) {
        name = object.at("metadata", "name")?.string ?? ""
        values = [:]
        for entry in object["data"]?.map ?? Map() { values[entry.key] = entry.value.string.flatMap { Self.text(base64: $0) } ?? "" }
    }

    static func text(base64: String) -> String? {
        Base64.decode(Array(base64.utf8), padded: true).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Looks for texts in files.
enum FileSearch {
    /// The regular files in and below a folder; none where there is no folder.
    static func files(below folder: String) throws -> [String] {
        guard LocalFile.isFolder(folder) else { return [] }
        var found: [String] = []
        for name in try LocalFile.names(folder).sorted() {
            let path = "\(folder)/\(name)"
            // Files come and go while a server runs.
            switch LocalFile.kind(path) {
            case .folder: found += try files(below: path)
            case .file: found.append(path)
            case .other, nil: break
            }
        }
        return found
    }

    /// Whether any of the texts is anywhere in the file, as it is written.
    static func holds(_ path: String, any texts: [String]) -> Bool {
        let patterns = texts.filter { !$0.isEmpty }.map(BytePattern.init)
        let overlap = (patterns.map(\.count).max() ?? 1) - 1
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var kept = 0
        while true {
            let count = buffer.withUnsafeMutableBytes { bytes in
                read(file, bytes.baseAddress?.advanced(by: kept), bytes.count - kept)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            let end = kept + count
            let isFound = buffer.withUnsafeBytes { bytes in
                let read = UnsafeRawBufferPointer(rebasing: bytes[..<end])
                return patterns.contains { $0.isIn(read) }
            }
            if isFound { return true }
            kept = min(overlap, end)
            buffer.withUnsafeMutableBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                memmove(start, start + (end - kept), kept)
            }
        }
    }
}
