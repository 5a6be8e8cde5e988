// SPDX-License-Identifier: Apache-2.0
import Crypto
package import Manifests

/// Checks who is calling. Tokens are compared in constant time; none is ever logged.
package struct Credentials: Sendable {
    private let administrator: SHA256Digest
    private let sessionKey: SymmetricKey

    package init(keys: KeyFolder) {
        administrator = SHA256.hash(data: Array(keys.administratorToken.utf8))
        sessionKey = keys.sessionKey
    }

    /// How long a form's token is good: as long as a session can last.
    static let formMilliseconds: Int64 = 12 * 3_600_000
    /// How long a sign-in link that was printed is good.
    static let linkMilliseconds: Int64 = 15 * 60_000

    /// Seals what browsers and programs carry while they sign in with an identity provider.
    var flowSeal: FlowSeal { FlowSeal(sessionKey) }

    package func isAdministrator(_ token: String) -> Bool {
        // Comparing digests of equal length tells nothing about the token, and the comparison itself takes constant time.
        SHA256.hash(data: Array(token.utf8)) == administrator
    }

    /// Changes with the administrator's token: sessions that it opened end when there is a new one.
    var administratorMark: String {
        KeyFolder.hex(
            HMAC<SHA256>.authenticationCode(for: Array("administrator".utf8) + Array(administrator), using: sessionKey).prefix(16))
    }

    /// A signed statement `kind.expiry.code`, for sign-in links and form tokens.
    package func sign(_ kind: String, until: Timestamp) -> String {
        let message = "\(kind).\(until.milliseconds)"
        let code = HMAC<SHA256>.authenticationCode(for: Array(message.utf8), using: sessionKey)
        return "\(message).\(KeyFolder.hex(code))"
    }

    func accepts(_ text: String, kind: String, at now: Timestamp) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == kind, let until = Int64(parts[1]), let code = Self.bytes(hex: parts[2]),
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array("\(kind).\(until)".utf8), using: sessionKey)
        else { return false }
        return now.milliseconds < until
    }

    static func bytes(hex: some StringProtocol) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count % 2 == 0, digits.count <= 128 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
