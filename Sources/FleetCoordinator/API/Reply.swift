// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Manifests

/// What a handler answers.
struct Reply: Sendable {
    enum Body: Sendable {
        case bytes([UInt8])
        /// Written piece by piece; never compressed.
        case stream(@concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void)
    }

    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: Body

    init(_ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    static func json(_ value: Value, status: HTTPResponse.Status = .ok) -> Reply { .json(bytes: JSON.write(value), status: status) }

    /// Takes text that is JSON already.
    static func json(bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Reply {
        Reply(status, headers: [.contentType: "application/json"], body: .bytes(bytes))
    }

    static func text(_ text: String, status: HTTPResponse.Status = .ok, type: String = "text/plain; charset=utf-8") -> Reply {
        Reply(status, headers: [.contentType: type], body: .bytes(Array(text.utf8)))
    }

    static func html(_ text: String, status: HTTPResponse.Status = .ok) -> Reply {
        Reply(status, headers: [.contentType: "text/html; charset=utf-8"], body: .bytes(Array(text.utf8)))
    }

    /// 303: the browser goes on with a GET.
    static func seeOther(_ location: String) -> Reply { Reply(.seeOther, headers: [.location: location]) }
}
