// SPDX-License-Identifier: Apache-2.0
import Manifests
import Synchronization

/// The authorities that are in force: the newest one issues, all of them are believed.
///
/// They are exchanged without a pause: a new one is added (`rotate`), every agent learns of it with its next certificate, and once no
/// certificate of the old one is valid any more, that one is taken away (`retire`). Meanwhile the listener shows a certificate of the
/// oldest, for that is the one that every agent knows.
final class Authorities: Sendable {
    /// Files of an authority that somebody else has made, such as an intermediate of a company's own.
    struct External: Sendable, Hashable {
        /// Its certificate and those above it, in PEM.
        var certificate: String
        var key: String
    }

    /// The authorities at one moment.
    struct State: Sendable {
        fileprivate(set) var files: [AuthorityFolder.File] = []
        /// The oldest first; never empty once opened.
        fileprivate(set) var all: [Authority] = []

        /// Whom agents are to believe, in PEM.
        var bundle: String { all.map(\.chain).joined() }

        func one(_ fingerprint: Digest) -> Authority? { all.first { $0.fingerprint == fingerprint } }
    }

    enum Refusal: Error, CustomStringConvertible {
        case unknown(String)
        case newest
        case changedMeanwhile
        case expired

        var description: String {
            switch self {
            case .unknown(let name): "there is no authority '\(name)'"
            case .newest: "the newest authority issues the certificates: 'ca rotate' makes a newer one first"
            case .changedMeanwhile: "somebody else has changed the authorities at the same time; look, and try again"
            case .expired: "the newest authority's certificate has ended: 'ca rotate' makes a new one"
            }
        }
    }

    private let folder: AuthorityFolder
    private let external: External?
    private let time: WallTime
    private let state = Mutex(State())

    /// Opens the folder; makes an authority where there is none, and takes in the external one where it is new.
    init(folder path: String, external: External? = nil, time: WallTime) throws {
        folder = AuthorityFolder(path: path)
        self.external = external
        self.time = time
        try reload()
        if current.all.isEmpty {
            _ = try folder.add(try Authority.make(at: time.now), number: 1)
            try reload()
        }
    }

    var current: State { state.withLock { $0 } }

    /// The one that issues.
    func issuing(at now: Timestamp) throws -> Authority {
        guard let newest = current.all.last, newest.isValid(at: now) else { throw Refusal.expired }
        return newest
    }

    /// Reads the folder again, where it has changed; what cannot be read leaves everything as it was.
    /// - Returns: whether anything has changed.
    @discardableResult
    func reload() throws -> Bool {
        var files = try folder.read()
        if let external {
            let text = try AuthorityFolder.external(certificate: external.certificate, key: external.key)
            let own = try parse(text, at: external.certificate)
            let known = try files.contains { try parse($0.text, at: folder.path).fingerprint == own.fingerprint }
            if !known {
                _ = try folder.add(text, number: (files.last?.number ?? 0) + 1)
                files = try folder.read()
            }
        }
        let found = files
        guard found != current.files else { return false }
        let parsed = try found.map { try parse($0.text, at: "\(folder.path)/\($0.number)") }
        state.withLock { state in
            state.files = found
            state.all = parsed
        }
        return true
    }

    /// Adds a new authority, which issues from now on.
    func rotate() throws -> Authority {
        try reload()
        let number = (current.files.last?.number ?? 0) + 1
        guard try folder.add(try Authority.make(at: time.now), number: number) else { throw Refusal.changedMeanwhile }
        try reload()
        guard let newest = current.all.last else { throw Refusal.changedMeanwhile }
        return newest
    }

    /// Takes an authority away: nothing that it has signed is believed from now on.
    func retire(_ fingerprint: Digest) throws {
        try reload()
        let now = current
        guard let index = now.all.firstIndex(where: { $0.fingerprint == fingerprint }) else { throw Refusal.unknown(fingerprint.hex) }
        guard index < now.all.count - 1 else { throw Refusal.newest }
        try folder.remove(number: now.files[index].number)
        try reload()
    }

    private func parse(_ text: String, at path: String) throws -> Authority {
        do throws(Authority.Failure) { return try Authority(pem: text) } catch {
            throw KeyFolder.Failure.unusable(path: path, reason: "\(error)")
        }
    }
}
