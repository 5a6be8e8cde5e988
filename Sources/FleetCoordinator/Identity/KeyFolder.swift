// SPDX-License-Identifier: Apache-2.0
import Crypto
import GitRepository
import Glibc
import Manifests

/// The coordinator's keys on disk: with Git and this folder everything else can be built again.
///
/// The folder has mode 0700, its files 0600. Keys are made at the first start and never replaced by themselves.
package struct KeyFolder: Sendable {
    /// What a caller is checked against.
    package let administratorToken: String
    let sessionKey: SymmetricKey
    let sealing: SealingKeys
    let audit: AuditKeys
    let signer: SSHSigner
    /// Where the authorities of agents' certificates are.
    let authoritiesPath: String

    package enum Failure: Error, CustomStringConvertible {
        case unusable(path: String, reason: String)

        package var description: String {
            switch self {
            case .unusable(let path, let reason): "\(path): \(reason)"
            }
        }
    }

    /// Opens the folder at `path`, making it and any key that is missing. `administratorTokenPath` is where people find their token.
    package init(path: String, administratorTokenPath: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw Failure.unusable(path: path, reason: "cannot make the folder: \(String(cString: strerror(errno)))")
        }
        authoritiesPath = "\(path)/authorities"
        sessionKey = SymmetricKey(data: try Self.bytes(at: "\(path)/session.key", make: { Self.random(32) }))
        let sealingPath = "\(path)/sealing.key"
        let sealingFile = try Self.bytes(at: sealingPath, make: { Array(SealingKeys.newFile(Self.random(32)).utf8) })
        do throws(SealingKeys.Failure) {
            sealing = try SealingKeys(parsing: String(decoding: sealingFile, as: UTF8.self))
        } catch {
            throw Failure.unusable(path: sealingPath, reason: "\(error)")
        }
        let auditPath = "\(path)/audit.key"
        let auditFile = try Self.bytes(at: auditPath, make: { Array(AuditKeys.newFile(Self.random(32)).utf8) })
        do throws(AuditKeys.Failure) {
            audit = try AuditKeys(parsing: String(decoding: auditFile, as: UTF8.self))
        } catch {
            throw Failure.unusable(path: auditPath, reason: "\(error)")
        }
        let token = try Self.bytes(at: administratorTokenPath, make: { Array(("flotilla-admin-" + Self.hex(Self.random(24)) + "\n").utf8) })
        administratorToken = String(decoding: token, as: UTF8.self).filter { !$0.isWhitespace }
        guard administratorToken.utf8.count >= 16 else {
            throw Failure.unusable(
                path: administratorTokenPath, reason: "the token is shorter than 16 characters; delete the file to get a new one")
        }
        let signing = try Self.bytes(
            at: "\(path)/signing.key", make: { Array(SSHSigner.generate(comment: "flotilla").privateKeyFile.utf8) })
        signer = try SSHSigner(privateKeyFile: String(decoding: signing, as: UTF8.self), name: "\(path)/signing.key")
    }

    /// A line of an allowed-signers file by which stock Git verifies records.
    package var allowedSigners: String { signer.allowedSignersLine(principal: Recorder.committerEmail) + "\n" }

    static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Reads a key, making it first where it is missing; a half-written one never takes its place.
    private static func bytes(at path: String, make: () -> [UInt8]) throws -> [UInt8] {
        if let present = try read(path) { return present }
        let fresh = make()
        let temporary = "\(path).\(getpid())"
        // Left by a process that was killed here and had the same number, as the first one of a container always has.
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure.unusable(path: path, reason: "cannot write: \(String(cString: strerror(errno)))") }
        let written = fresh.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        let synced = fsync(file)
        close(file)
        // A link fails where another process was first; its key is the one then.
        guard written == fresh.count, synced == 0, link(temporary, path) == 0 || errno == EEXIST else {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            throw Failure.unusable(path: path, reason: "cannot write: \(reason)")
        }
        unlink(temporary)
        guard let present = try read(path) else { throw Failure.unusable(path: path, reason: "has vanished") }
        return present
    }

    private static func read(_ path: String) throws -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure.unusable(path: path, reason: "cannot read: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(file, &buffer, buffer.count)
        guard count > 0 else { throw Failure.unusable(path: path, reason: "is empty or unreadable; delete it to get a new key") }
        return Array(buffer[..<count])
    }
}
