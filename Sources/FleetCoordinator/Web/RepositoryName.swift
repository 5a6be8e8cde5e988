// SPDX-License-Identifier: Apache-2.0
import HTTPTransport

/// A repository's address as pages may show it.
enum RepositoryName {
    /// Without user, password and query, any of which can be secret.
    static func shown(_ url: String) -> String { url.contains("://") ? HTTPRequest.endpoint(of: url) : url }
}
