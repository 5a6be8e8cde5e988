// SPDX-License-Identifier: Apache-2.0

/// Why there is no (whole) answer. An answer of any status is not an error.
package struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The request cannot be sent as it is: a malformed URL, header or certificate.
        case invalidRequest = "invalid-request"
        /// The host's or proxy's name is unknown.
        case resolve
        /// Nothing accepts connections there.
        case connect
        /// The peers do not trust or understand each other.
        case tls
        /// The deadline, or the time to connect or to be silent, has passed.
        case timeout
        /// The connection ended before the answer did.
        case disconnected
        /// The peer does not speak HTTP as it should.
        case protocolError = "protocol"
        /// The answer is larger than the request allows.
        case tooLarge = "too-large"
        /// The calling task was cancelled.
        case cancelled
        /// The client was shut down.
        case closed
    }

    package let kind: Kind
    /// What was tried and what happened, without credentials and without the URL's query.
    package let message: String
    /// Whether the same request may succeed later.
    package let isRetryable: Bool

    package init(kind: Kind, message: String, isRetryable: Bool) {
        self.kind = kind
        self.message = message
        self.isRetryable = isRetryable
    }

    package var description: String { message }
}

extension HTTPError {
    init(_ kind: Kind, _ request: HTTPRequest, _ reason: String, retryable: Bool = false) {
        self.init(kind: kind, message: "\(request.method) \(request.endpoint): \(reason)", isRetryable: retryable)
    }

    static func cancelled(_ request: HTTPRequest) -> HTTPError { HTTPError(.cancelled, request, "cancelled") }
    static func closed(_ request: HTTPRequest) -> HTTPError { HTTPError(.closed, request, "the HTTP client was shut down") }
    static func tooLarge(_ request: HTTPRequest, limit: Int) -> HTTPError {
        HTTPError(.tooLarge, request, "the answer is larger than \(limit) bytes")
    }
    static func noConnection(_ request: HTTPRequest, after waited: Duration) -> HTTPError {
        HTTPError(.timeout, request, "all connections to the host were in use for \(waited)", retryable: true)
    }
    static func silent(_ request: HTTPRequest, for limit: Duration) -> HTTPError {
        HTTPError(.timeout, request, "nothing was received for \(limit)", retryable: true)
    }
}
