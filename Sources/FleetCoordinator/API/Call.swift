// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests

/// A request as handlers see it: authenticated, read whole, bounded.
struct Call: Sendable {
    /// The parts of the path that the route names, decoded.
    let path: [String: String]
    let query: Query
    let headers: HTTPFields
    var body: [UInt8]
    let caller: Caller
    /// Where the call came from; `nil` where the transport has no addresses.
    var address: String?
    /// What the caller may do, and where.
    var grants = Grants.nothing
    /// Finds out again who calls, for answers that go on for long; `nil` once the credential is good no more.
    var readmit: @Sendable () async throws -> Caller? = { nil }
    /// The authority that the request names, as its sender knows this server.
    var host: String?

    /// A part of the path that the route's pattern names.
    func parameter(_ name: String) throws(APIFailure) -> String {
        guard let value = path[name], !value.isEmpty else { throw .notFound("the path names no \(name)") }
        return value
    }

    /// The body as a JSON object; an empty body counts as an empty object.
    func json() throws -> Fields {
        guard !body.isEmpty else { return try Fields(.map([:])) }
        return try Fields(JSON.read(body))
    }

    /// Whose agent calls.
    func agent() throws(APIFailure) -> AgentIdentity {
        guard case .agent(let identity) = caller else { throw .unauthorized }
        return identity
    }

    /// The name of the agent's cluster.
    func cluster() throws(APIFailure) -> String { try agent().cluster }

    /// Who is signed in.
    func principal() throws(APIFailure) -> Principal {
        guard case .person(let principal) = caller else { throw .unauthorized }
        return principal
    }

    /// As whom what this call does is recorded.
    var author: Author {
        switch caller {
        case .person(let principal):
            Author(name: principal.name, means: principal.spokenMeans, address: address, principal: principal)
        case .agent(let agent): Author(name: agent.cluster, means: "certificate \(agent.serial)", address: address)
        case .anybody: Author(name: "anybody", means: "nothing", address: address)
        }
    }
}

/// Query parameters: at most `countMax`, each used only as the route declares.
struct Query: Sendable, Equatable {
    let values: [String: String]

    static let countMax = 32
    static let textMax = 512

    init(_ values: [String: String] = [:]) { self.values = values }

    /// Reads `a=b&c=d`; of a repeated name the last value counts.
    init(parsing text: String?) throws(APIFailure) {
        guard let text, !text.isEmpty else {
            values = [:]
            return
        }
        let parts = text.split(separator: "&")
        guard parts.count <= Self.countMax else { throw .invalid("more than \(Self.countMax) query parameters") }
        var values: [String: String] = [:]
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = URLText.decode(pair[0], plusIsSpace: true),
                let value = URLText.decode(pair.count > 1 ? pair[1] : "", plusIsSpace: true)
            else { throw .invalid("the query is not valid percent-encoded UTF-8") }
            values[name] = value
        }
        self.values = values
    }

    /// The parameter's text; an empty one counts as absent.
    func text(_ name: String) throws(APIFailure) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        guard value.utf8.count <= Self.textMax else { throw .invalid("query parameter '\(name)' is longer than \(Self.textMax) bytes") }
        return value
    }

    func required(_ name: String) throws(APIFailure) -> String {
        guard let value = try text(name) else { throw .invalid("query parameter '\(name)' is missing") }
        return value
    }

    func int(_ name: String) throws(APIFailure) -> Int64? {
        guard let text = try text(name) else { return nil }
        guard let number = Int64(text), number >= 0 else { throw .invalid("query parameter '\(name)' is no whole number") }
        return number
    }

    /// `limit`: 1 to 500, 100 when it is not given.
    func limit() throws(APIFailure) -> Int {
        guard let limit = try int("limit") else { return 100 }
        guard (1...500).contains(limit) else { throw .invalid("query parameter 'limit' is not between 1 and 500") }
        return Int(limit)
    }
}

/// Percent encoding (RFC 3986 §2.1), and the variant of HTML forms.
enum URLText {
    /// `nil` for a broken escape or bytes that are no UTF-8.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Encodes everything but unreserved characters, for one part of a path or query.
    static func encode(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                out += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return out
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// A form as browsers send it: `application/x-www-form-urlencoded`.
struct Form: Sendable {
    private let query: Query

    init(_ bytes: [UInt8]) throws(APIFailure) { query = try Query(parsing: String(decoding: bytes, as: UTF8.self)) }

    /// The field without surrounding white space; an empty one counts as absent.
    func text(_ name: String, max: Int = 4_096) throws(APIFailure) -> String? {
        guard let value = query.values[name] else { return nil }
        guard value.utf8.count <= max else { throw .invalid("the field '\(name)' is longer than \(max) bytes") }
        let trimmed = value.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        return trimmed.isEmpty ? nil : String(trimmed)
    }

    /// The field as it was typed: spaces belong to a password.
    func secret(_ name: String, max: Int) throws(APIFailure) -> String? {
        guard let value = query.values[name], !value.isEmpty else { return nil }
        guard value.utf8.count <= max else { throw .invalid("the field '\(name)' is longer than \(max) bytes") }
        return value
    }
}
