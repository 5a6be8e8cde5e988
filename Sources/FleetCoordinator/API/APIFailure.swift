// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests

/// What went wrong, for the caller: a status, a stable code, and words with which they can help themselves.
struct APIFailure: Error, Sendable, CustomStringConvertible {
    var status: HTTPResponse.Status
    /// Stable, in kebab case.
    var code: String
    var message: String
    var hint: String?
    var headers: HTTPFields = [:]
    /// What was asked for without permission; not told to the caller.
    var denial: Denial?

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String, hint: String? = nil, headers: HTTPFields = [:]) {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = headers
    }

    var description: String { "\(code): \(message)" }

    var json: Value {
        var error: Map = ["code": .string(code), "message": .string(message)]
        if let hint { error["hint"] = .string(hint) }
        return .map(["error": .map(error)])
    }

    static func notFound(_ message: String) -> APIFailure { APIFailure(.notFound, "not-found", message) }

    /// An action that does not fit the state; `message` says what the state is.
    static func conflict(_ code: String, _ message: String, hint: String? = nil) -> APIFailure {
        APIFailure(.conflict, code, message, hint: hint)
    }

    static func invalid(_ message: String, hint: String? = nil) -> APIFailure {
        APIFailure(.unprocessableContent, "invalid-input", message, hint: hint)
    }

    static let unauthorized = APIFailure(
        .unauthorized, "unauthorized", "nobody is signed in: the token or session is missing, or has ended",
        hint: "sign in with 'flotilla login', or send the header 'Authorization: Bearer TOKEN'",
        headers: [.wwwAuthenticate: "Bearer realm=\"flotilla\""])
}
