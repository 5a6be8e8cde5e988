// SPDX-License-Identifier: Apache-2.0
import Crypto
import CryptoExtras
import FoundationEssentials
import Manifests

/// What is kept of a password: scrypt's result (RFC 7914), with the salt and the cost that it was made with.
struct PasswordHash: Sendable, Hashable {
    /// How much work one guess is.
    struct Cost: Sendable, Hashable {
        /// N, a power of two.
        var rounds: Int
        /// r; one guess takes 128·N·r bytes of memory.
        var blockSize: Int
        /// p
        var parallelism: Int

        /// About a tenth of a second and 32 MiB on a small machine.
        static let current = Cost(rounds: 1 << 15, blockSize: 8, parallelism: 1)

        /// What a file may ask of this process: 64 MiB at most.
        var isBearable: Bool {
            rounds >= 2 && rounds & (rounds - 1) == 0 && (1...32).contains(blockSize) && (1...16).contains(parallelism)
                && rounds <= 1 << 20 && 128 * rounds * blockSize <= 64 << 20
        }
    }

    var cost: Cost
    var salt: [UInt8]
    var hash: [UInt8]

    static let saltBytes = 16
    static let hashBytes = 32

    /// Takes equally long wherever the first difference is.
    func matches(_ other: [UInt8]) -> Bool {
        guard hash.count == other.count else { return false }
        return zip(hash, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    var json: Value {
        .map([
            "scheme": "scrypt", "n": .int(Int64(cost.rounds)), "r": .int(Int64(cost.blockSize)), "p": .int(Int64(cost.parallelism)),
            "salt": .string(KeyFolder.hex(salt)), "hash": .string(KeyFolder.hex(hash)),
        ])
    }

    init(cost: Cost, salt: [UInt8], hash: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// Reads what `json` wrote; errors never have any of its values.
    init(_ fields: Fields) throws(ShapeError) {
        guard try fields.string("scheme") == "scrypt" else { throw fields.failure("scheme", "only 'scrypt' is known") }
        func number(_ name: String) throws(ShapeError) -> Int { Int(clamping: try fields.int(name)) }
        cost = Cost(rounds: try number("n"), blockSize: try number("r"), parallelism: try number("p"))
        guard cost.isBearable else { throw fields.failure("n", "n, r and p ask for more than 64 MiB, or are no parameters of scrypt") }
        func bytes(_ name: String, _ count: Int) throws(ShapeError) -> [UInt8] {
            guard let bytes = Credentials.bytes(hex: try fields.string(name, bytesMax: 128)), bytes.count == count else {
                throw fields.failure(name, "expected \(2 * count) hexadecimal digits")
            }
            return bytes
        }
        salt = try bytes("salt", Self.saltBytes)
        hash = try bytes("hash", Self.hashBytes)
    }
}

/// The slow function itself; tests count its calls.
typealias PasswordDerivation = @Sendable (_ password: [UInt8], _ salt: [UInt8], _ cost: PasswordHash.Cost) throws -> [UInt8]

extension PasswordHash {
    static let scrypt: PasswordDerivation = { password, salt, cost in
        try KDF.Scrypt.deriveKey(
            from: password, salt: salt, outputByteCount: hashBytes, rounds: cost.rounds, blockSize: cost.blockSize,
            parallelism: cost.parallelism
        ).withUnsafeBytes { Array($0) }
    }
}
