// SPDX-License-Identifier: Apache-2.0
package import HTTPTransport
import Manifests

/// Why an API request failed: the server's `Status`, a plain answer, or no answer at all.
package struct KubernetesError: Error, Sendable, CustomStringConvertible {
    /// One of the problems that a `Status` lists.
    package struct Cause: Sendable, Hashable {
        /// A field's path as the server writes it, for example `spec.replicas`; may be empty.
        package var field: String
        package var reason: String
        package var message: String

        package init(field: String, reason: String, message: String) {
            self.field = field
            self.reason = reason
            self.message = message
        }
    }

    /// What was asked, for example `PATCH /api/v1/namespaces/shop/configmaps/web`.
    package var operation: String
    /// The HTTP status; 0 where there was no answer.
    package var code: Int
    /// The server's word for it, for example `Invalid`; empty where it gave none.
    package var reason: String
    package var message: String
    package var causes: [Cause]
    /// What the `Status` is about, where it says so: the resource's plural or kind, and the object's name.
    package var kind: String
    package var name: String
    package var retryAfter: Duration?
    /// A token by which an expired list can go on, inconsistently.
    package var continueToken: String?
    /// The failure below HTTP, where there was no answer.
    package var transport: HTTPError?

    package init(
        operation: String, code: Int, reason: String = "", message: String, causes: [Cause] = [], kind: String = "", name: String = "",
        retryAfter: Duration? = nil, continueToken: String? = nil, transport: HTTPError? = nil
    ) {
        self.operation = operation
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = causes
        self.kind = kind
        self.name = name
        self.retryAfter = retryAfter
        self.continueToken = continueToken
        self.transport = transport
    }

    package var description: String {
        code == 0 ? "\(operation): \(message)" : "\(operation): \(code)\(reason.isEmpty ? "" : " \(reason)"): \(message)"
    }
}

extension KubernetesError {
    /// The named object (or the namespace it should be in) does not exist.
    package var isNotFound: Bool { code == 404 && !name.isEmpty }
    /// The API has no such group, version or resource: discover again; or the CRD is not served yet.
    package var isUnknownResource: Bool { code == 404 && name.isEmpty }
    /// The object changed in between, a precondition failed, or (for apply) another manager owns a field: see `causes`.
    package var isConflict: Bool { code == 409 && reason == "Conflict" }
    package var isAlreadyExists: Bool { code == 409 && reason == "AlreadyExists" }
    /// The resource version or continue token is too old: list anew.
    package var isExpired: Bool { code == 410 }
    package var isUnauthorized: Bool { code == 401 }
    package var isForbidden: Bool { code == 403 }
    /// The server found the object wrong, or refused to change an immutable field.
    package var isInvalid: Bool { code == 422 }
    package var isTooManyRequests: Bool { code == 429 }
    /// The object's namespace is being deleted.
    package var isNamespaceTerminating: Bool { code == 403 && causes.contains { $0.reason == "NamespaceTerminating" } }
    package var isCancelled: Bool { transport?.kind == .cancelled }

    /// Whether the same request may succeed later, without anybody changing anything.
    ///
    /// A 500 without a reason is how the API server reports an object that does not fit its schema; with `InternalError`, a
    /// webhook that does not answer.
    package var isRetryable: Bool {
        switch code {
        case 0: transport?.isRetryable ?? false
        case 429, 502, 503, 504: true
        case 500: reason == "InternalError"
        default: false
        }
    }
}

extension KubernetesError {
    private static let messageBytesMax = 8_192
    private static let causesMax = 64

    init(_ error: HTTPError, operation: String) {
        self.init(operation: operation, code: 0, message: error.message, transport: error)
    }

    init(
        operation: String, status: Int, headers: HTTPHeaders, body: [UInt8], redact: (String) -> String = { $0 }
    ) {
        let retryAfter = headers["Retry-After"].flatMap { Int64($0) }.map { Duration.seconds(min(max($0, 0), 3_600)) }
        if let document = try? JSON.read(body), document["kind"]?.string == "Status" {
            self.init(operation: operation, status: document, code: status, redact: redact)
            self.retryAfter = self.retryAfter ?? retryAfter
        } else {
            let whole = redact(String(decoding: body.prefix(Self.messageBytesMax), as: UTF8.self))
            let text = whole.split { $0.isNewline }.first.map { String($0.prefix(500)) } ?? ""
            self.init(
                operation: operation, code: status, message: text.isEmpty ? "HTTP status \(status) without a message" : text,
                retryAfter: retryAfter)
        }
    }

    /// - Parameter status: a `Status` document, from an answer's body or a watch's `ERROR` event.
    init(operation: String, status document: Value, code: Int? = nil, redact: (String) -> String = { $0 }) {
        let details = document["details"] ?? .null
        let causes = (details["causes"]?.list ?? []).prefix(Self.causesMax).map { cause in
            Cause(
                field: redact(cause["field"]?.string ?? ""), reason: cause["reason"]?.string ?? "",
                message: Self.bounded(redact(cause["message"]?.string ?? "")))
        }
        self.init(
            operation: operation, code: code ?? document["code"]?.int.map(Int.init(clamping:)) ?? 500,
            reason: document["reason"]?.string ?? "", message: Self.bounded(redact(document["message"]?.string ?? "no message")),
            causes: causes,
            kind: details["kind"]?.string ?? "", name: details["name"]?.string ?? "",
            retryAfter: details["retryAfterSeconds"]?.int.map { .seconds(min(max($0, 0), 3_600)) },
            continueToken: document.at("metadata", "continue")?.string)
    }

    private static func bounded(_ text: String) -> String {
        text.utf8.count <= messageBytesMax ? text : String(decoding: text.utf8.prefix(messageBytesMax), as: UTF8.self) + "…"
    }
}
