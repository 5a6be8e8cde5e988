// SPDX-License-Identifier: Apache-2.0
package import HTTPTransport

/// Where a cluster's API is, whom to trust there, and who asks.
package struct ClusterConnection: Sendable {
    package enum Credential: Sendable, Hashable {
        /// A client certificate in `trust`, or nobody.
        case none
        case token(String)
        /// A file with a token, read again when it changes: a pod's service account token is replaced every hour.
        case tokenFile(String)
    }

    /// The API's URL, without a slash at its end. May have a path.
    package var server: String
    package var trust: TrustSettings
    /// The files that `trust` was read from, where it was: read again when they change, as certificates are replaced while an agent runs.
    package var trustFiles = TrustFiles()
    package var credential: Credential
    /// The namespace that the context or the pod names; `default` otherwise.
    package var namespace: String
    package var impersonation: Impersonation?

    package init(
        server: String, trust: TrustSettings = .system, credential: Credential = .none, namespace: String = "default",
        impersonation: Impersonation? = nil
    ) {
        self.server = String(server.reversed().drop { $0 == "/" }.reversed())
        self.trust = trust
        self.credential = credential
        self.namespace = namespace
        self.impersonation = impersonation
    }
}

extension ClusterConnection: CustomStringConvertible {
    package var description: String {
        let who =
            switch credential {
            case .none: trust.clientCertificate == nil ? "no credential" : "client certificate"
            case .token: "token"
            case .tokenFile(let path): "token from \(path)"
            }
        return "\(HTTPRequest.endpoint(of: server)) (\(who))"
    }
}

/// Another identity under which requests are made; the own one needs the right to impersonate it.
package struct Impersonation: Sendable, Hashable {
    package var user: String
    package var groups: [String]
    package var uid: String?

    package init(user: String, groups: [String] = [], uid: String? = nil) {
        self.user = user
        self.groups = groups
        self.uid = uid
    }

    /// A service account, with the groups that the API server gives it.
    package init(serviceAccount name: String, namespace: String) {
        self.init(
            user: "system:serviceaccount:\(namespace):\(name)",
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"])
    }
}
