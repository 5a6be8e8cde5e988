// SPDX-License-Identifier: Apache-2.0
import HTTPTypes

/// Refuses changes that a page of another site lets a browser ask for, signing in among them: somebody who is made to act in an account that
/// is not theirs tells its owner what they do.
enum CrossOrigin {
    private static let fetchSite = HTTPField.Name("Sec-Fetch-Site")
    private static let origin = HTTPField.Name("Origin")

    /// - Parameter host: the request's authority, as the browser knows this server.
    static func check(_ headers: HTTPFields, host: String?) throws(APIFailure) {
        guard !isForeign(headers, host: host) else {
            throw APIFailure(
                .forbidden, "cross-origin", "this request comes from a page of another site", hint: "do it from Flotilla's own pages")
        }
    }

    /// Browsers say where a request comes from in `Sec-Fetch-Site`; older ones in `Origin`. Programs say neither.
    private static func isForeign(_ headers: HTTPFields, host: String?) -> Bool {
        if let name = fetchSite, let site = headers[name] { return site != "same-origin" && site != "none" }
        guard let name = origin, let origin = headers[name] else { return false }
        guard let host, let start = origin.firstRange(of: "://") else { return true }
        return origin[start.upperBound...].lowercased() != host.lowercased()
    }
}
