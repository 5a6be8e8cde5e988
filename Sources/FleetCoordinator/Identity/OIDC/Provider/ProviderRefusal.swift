// SPDX-License-Identifier: Apache-2.0
import HTTPTypes

/// Why an identity provider's word was not taken, in words of ours: nothing that a provider or a browser sent is in it, but for names that
/// were checked.
struct ProviderRefusal: Error, Hashable, CustomStringConvertible {
    enum Kind: Sendable, Hashable {
        /// The provider does not answer, or not as it should.
        case unavailable
        /// What it answered is not to be believed, or not meant for this sign-in.
        case untrusted
        /// It vouches for somebody who is not let in.
        case account
        /// The provider, or the person there, said no.
        case denied
        /// The sign-in was not begun here, was finished before, or took too long.
        case flow
        case tooMany
    }

    var kind: Kind
    var message: String
    var hint: String?

    init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    var description: String { message }

    /// What the caller is told.
    func failure(headers: HTTPFields = [:]) -> APIFailure {
        let (status, code): (HTTPResponse.Status, String) =
            switch kind {
            case .unavailable: (.badGateway, "provider-unavailable")
            case .untrusted: (.forbidden, "provider-answer")
            case .account: (.forbidden, "account-refused")
            case .denied: (.forbidden, "provider-refused")
            case .flow: (.badRequest, "sign-in-flow")
            case .tooMany: (.tooManyRequests, "too-many-tries")
            }
        var headers = headers
        if kind == .tooMany { headers[.retryAfter] = "60" }
        return APIFailure(status, code, message, hint: hint, headers: headers)
    }
}
