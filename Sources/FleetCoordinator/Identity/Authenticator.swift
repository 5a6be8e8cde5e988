// SPDX-License-Identifier: Apache-2.0

/// Finds out whose a credential is; what they may do is decided elsewhere.
protocol Authenticator: Sendable {
    /// Whose token this is; `nil` for one that is unknown, has ended or was revoked, or whose account is not there any more.
    /// - Parameter address: where the call comes from; `nil` where nobody knows.
    func principal(bearer token: String, from address: String?) async throws -> Principal?

    /// Whose session this cookie is; `nil` for one that is unknown, has ended or was revoked, or whose account is not there any more.
    func principal(session cookie: String, from address: String?) async throws -> Principal?
}
