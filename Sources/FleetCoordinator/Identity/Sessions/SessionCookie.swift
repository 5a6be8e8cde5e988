// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests

/// The cookie by which a browser's session is known: 256 random bits, of which only the digest is kept.
struct SessionCookie: Sendable, Hashable {
    let name: String
    /// Sent over TLS only.
    let isSecure: Bool

    /// - Parameter isSecure: browsers reach the coordinator over TLS. The prefix then keeps other sites of the domain, and anybody on the way,
    ///   from setting it (RFC 6265bis §4.1.3.2).
    init(isSecure: Bool) {
        self.isSecure = isSecure
        name = isSecure ? "__Host-\(Self.plainName)" : Self.plainName
    }

    static let plainName = "flotilla_session"

    static func new() -> String { KeyFolder.hex(Random.bytes(32)) }

    /// Whether it is formed like one; anything else is not looked up.
    static func isOne(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    static func digest(_ cookie: String) -> Digest { Digest.sha256("flotilla.dev/session/v1\n\(cookie)") }

    /// The value of `Set-Cookie`. Strict: a browser sends it along from this server's own pages only.
    func header(_ value: String, seconds: Int64) -> String {
        "\(name)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    /// What takes the cookie away.
    var removal: String { header("", seconds: 0) }

    /// The cookie that a request carries.
    func value(in headers: HTTPFields) -> String? { Self.value(named: name, in: headers) }

    static func value(named name: String, in headers: HTTPFields) -> String? {
        for header in headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0].drop(while: { $0 == " " }) == name { return String(parts[1]) }
            }
        }
        return nil
    }
}
