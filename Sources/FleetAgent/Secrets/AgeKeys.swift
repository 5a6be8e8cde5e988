// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Glibc
import KubernetesAPI
import Manifests
import SecretsDecryption
import Threads

/// The age identities that this cluster's encrypted objects are decrypted with: from the Secret `flotilla-age-keys`, of which every
/// entry may be an identities file, and from a file where the agent was given one.
///
/// They are read when they are needed, read again when they open nothing, and looked at every few seconds as long as an object waits
/// for them. A quiet agent asks nobody for them.
actor AgeKeys {
    static let secretName = "flotilla-age-keys"
    /// As long as these are taken for current where they fit.
    private static let lifetime = Duration.seconds(300)
    /// Where they do not fit, they are read again at most this often.
    private static let pause = Duration.seconds(2)

    private let client: KubernetesClient
    private let file: String?
    private let clock: AgentClock
    private let thread: ThreadExecutor?
    /// Woken when an object could not be decrypted for want of a key.
    nonisolated let needed = Wakeup()

    private var identities: Identities?
    private var readAt: Timestamp?
    private var notes: [String] = []
    private var reading: Task<(Identities, [String]), any Error>?

    init(client: KubernetesClient, file: String?, clock: AgentClock) {
        self.client = client
        self.file = file
        self.clock = clock
        thread = file == nil ? nil : ThreadExecutor(name: "age keys")
    }

    /// The identities to try.
    /// - Parameter isStale: whether those given out before did not fit.
    /// - Throws: `KubernetesError` where the Secret cannot be read.
    func current(isStale: Bool = false) async throws -> Identities {
        let age = readAt.map { clock.now() - $0 }
        // A clock that was set back makes them no older: they are read again.
        if let identities, let age, age >= .zero, age < (isStale ? Self.pause : Self.lifetime) { return identities }
        return try await read()
    }

    /// Reads them again.
    /// - Returns: whether they are others than before.
    func refresh() async throws -> Bool {
        let before = identities?.recipients
        return try await read().recipients != before
    }

    /// What is wrong with the entries and the file that were to hold identities.
    var complaints: [String] { notes }

    func shutdown() { thread?.stop() }

    private func read() async throws -> Identities {
        // Objects that are decrypted at once ask together.
        let task = reading ?? Task { try await self.readAll() }
        reading = task
        defer { reading = nil }
        let (found, notes) = try await task.value
        identities = found
        self.notes = notes
        readAt = clock.now()
        return found
    }

    private func readAll() async throws -> (Identities, [String]) {
        var found: [AgeIdentity] = []
        var notes: [String] = []
        func take(_ text: String, from place: String) {
            do { found += try Identities(parsing: text).all } catch { notes.append("\(place): \(error.message)") }
        }
        do {
            let secret = try await client.get(.secrets, namespace: Ownership.agentNamespace, name: Self.secretName)
            for entry in (secret["data"]?.map?.entries ?? []).sorted(by: { $0.key < $1.key }) {
                let place = "entry '\(entry.key)' of the Secret \(Ownership.agentNamespace)/\(Self.secretName)"
                guard let bytes = entry.value.string.flatMap({ Base64.decode($0) }) else { continue }
                take(String(decoding: bytes, as: UTF8.self), from: place)
            }
        } catch {
            guard error.isNotFound else { throw error }
        }
        if let file, let thread {
            do {
                let bytes = try await thread.run { try KeyFile.read(file) }
                take(String(decoding: bytes, as: UTF8.self), from: file)
            } catch {
                notes.append("\(error)")
            }
        }
        var seen: Set<String> = []
        let unique = found.filter { seen.insert($0.recipient.description).inserted }
        return (try Identities(Array(unique.prefix(Self.countMax))), notes)
    }

    private static let countMax = 64
}

/// A file with secret keys.
enum KeyFile {
    /// - Throws: `StateError` where it is missing, larger than 64 KiB, or open to everybody.
    static func read(_ path: String) throws(StateError) -> [UInt8] {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .last(path) }
        guard status.st_mode & 0o007 == 0 else {
            throw StateError(
                path: path,
                message:
                    "the file with secret keys is open to everybody (mode \(String(status.st_mode & 0o777, radix: 8))), so it is not used: "
                    + "chmod 600, or in a Pod's volume defaultMode: 0440")
        }
        return try Folder.read(path, bytesMax: 64 << 10) ?? []
    }
}
