// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Synchronization
import Threads

/// Hashes and checks passwords on threads of its own: at most two at once, and few that wait, so that guessing takes neither the memory
/// nor the processor from the fleet.
final class PasswordHasher: Sendable {
    let cost: PasswordHash.Cost
    private let derive: PasswordDerivation
    private let threads: ThreadPool
    private let underWay = Mutex(0)
    /// What a password is compared with where there is no account.
    private let nobody: PasswordHash

    static let atOnce = 2
    /// Tries that may wait or run; further ones are told to come back.
    static let underWayMax = 32

    init(cost: PasswordHash.Cost = .current, derive: @escaping PasswordDerivation = PasswordHash.scrypt) {
        self.cost = cost
        self.derive = derive
        threads = ThreadPool(name: "password", count: Self.atOnce)
        nobody = PasswordHash(
            cost: cost, salt: Random.bytes(PasswordHash.saltBytes), hash: Random.bytes(PasswordHash.hashBytes))
    }

    func hash(_ password: String) async throws -> PasswordHash {
        let salt = Random.bytes(PasswordHash.saltBytes)
        return PasswordHash(cost: cost, salt: salt, hash: try await work(password, salt, cost))
    }

    /// Whether this is the password. Without a hash the same work is done, and the answer is no.
    func check(_ password: String, against hash: PasswordHash?) async throws -> Bool {
        let compared = hash ?? nobody
        let result = try await work(password, compared.salt, compared.cost)
        return compared.matches(result) && hash != nil
    }

    private func work(_ password: String, _ salt: [UInt8], _ cost: PasswordHash.Cost) async throws -> [UInt8] {
        let isAdmitted = underWay.withLock { count in
            guard count < Self.underWayMax else { return false }
            count += 1
            return true
        }
        guard isAdmitted else {
            throw APIFailure(
                .serviceUnavailable, "busy", "too many people sign in at this moment; try again", headers: [.retryAfter: "2"])
        }
        defer { underWay.withLock { $0 -= 1 } }
        let derive = derive
        let bytes = Array(password.utf8)
        return try await threads.run { try derive(bytes, salt, cost) }
    }
}

/// Bytes and names that nobody can guess.
enum Random {
    static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// A public identifier: 64 bits, in hexadecimal digits.
    static func identifier() -> String { KeyFolder.hex(bytes(8)) }

    /// A password for a person to type once: 20 letters and digits (about 100 bits), none of which looks like another.
    static func password() -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")
        var generator = SystemRandomNumberGenerator()
        let letters = (0..<20).map { _ in alphabet.randomElement(using: &generator) ?? "a" }
        return stride(from: 0, to: 20, by: 5).map { String(letters[$0..<($0 + 5)]) }.joined(separator: "-")
    }
}
