// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests

extension ClusterConnection {
    /// Reads a kubeconfig file.
    /// - Parameter context: the context to use; `nil` is the file's `current-context`.
    package init(kubeconfigPath path: String, context: String? = nil) throws(ConnectionError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        try self.init(kubeconfig: SmallFile.read(path).bytes, folder: folder.isEmpty ? "/" : folder, context: context, name: path)
    }

    /// Reads a kubeconfig.
    /// - Parameters:
    ///   - folder: what relative paths in it start from.
    ///   - name: what errors call it.
    package init(kubeconfig bytes: [UInt8], folder: String, context: String? = nil, name: String = "kubeconfig") throws(ConnectionError) {
        let reader = KubeconfigReader(name: name, folder: folder)
        self = try reader.connection(bytes, context: context)
    }
}

/// Turns the document of a kubeconfig into a connection, by the rules of client-go's `clientcmd`: data in the file comes before
/// files it names, a token file before a token.
private struct KubeconfigReader {
    let name: String
    let folder: String

    func connection(_ bytes: [UInt8], context: String?) throws(ConnectionError) -> ClusterConnection {
        let documents: [Value]
        do { documents = try YAML.documents(bytes) } catch {
            throw ConnectionError(.malformed, "\(name):\(error.line):\(error.column): \(error.message)")
        }
        guard let root = documents.first, root.map != nil else { throw ConnectionError(.malformed, "\(name) is empty or no map") }
        let named = try string(root, "current-context", of: "the file")
        guard let wanted = context ?? named, !wanted.isEmpty else {
            throw ConnectionError(.missing, "\(name) has no current-context: name one of \(names(root, "contexts"))")
        }
        let chosen = try entry(wanted, "contexts", "context", in: root)
        guard let clusterName = try string(chosen, "cluster", of: "context '\(wanted)'") else {
            throw ConnectionError(.missing, "\(name): context '\(wanted)' names no cluster")
        }
        let cluster = try entry(clusterName, "clusters", "cluster", in: root)
        let userName = try string(chosen, "user", of: "context '\(wanted)'") ?? ""
        let user = userName.isEmpty ? Value.null : try entry(userName, "users", "user", in: root)
        let (credential, impersonation) = try identity(user, "user '\(userName)'")
        var connection = ClusterConnection(
            server: try server(cluster, "cluster '\(clusterName)'"),
            trust: try trust(cluster, "cluster '\(clusterName)'", user, "user '\(userName)'"), credential: credential,
            namespace: try string(chosen, "namespace", of: "context '\(wanted)'") ?? "default", impersonation: impersonation)
        connection.trustFiles = TrustFiles(
            certificateAuthority: try file(cluster, "certificate-authority", of: "cluster '\(clusterName)'"),
            clientCertificate: try file(user, "client-certificate", of: "user '\(userName)'"),
            clientKey: try file(user, "client-key", of: "user '\(userName)'"))
        return connection
    }

    private func server(_ cluster: Value, _ what: String) throws(ConnectionError) -> String {
        guard let server = try string(cluster, "server", of: what), !server.isEmpty else {
            throw ConnectionError(.missing, "\(name): \(what) has no server")
        }
        guard server.hasPrefix("https://") || server.hasPrefix("http://") else {
            throw ConnectionError(.malformed, "\(name): the server of \(what) is no http(s) URL: \(HTTPRequest.endpoint(of: server))")
        }
        if try string(cluster, "proxy-url", of: what) != nil {
            throw ConnectionError(.unsupported, "\(name): \(what) has a proxy-url; set the variable https_proxy instead")
        }
        return server
    }

    private func trust(_ cluster: Value, _ clusterWhat: String, _ user: Value, _ userWhat: String) throws(ConnectionError) -> TrustSettings
    {
        TrustSettings(
            certificateAuthority: try material(cluster, "certificate-authority", of: clusterWhat),
            clientCertificate: try material(user, "client-certificate", of: userWhat),
            clientKey: try material(user, "client-key", of: userWhat),
            insecureSkipVerify: cluster["insecure-skip-tls-verify"]?.bool ?? false,
            serverName: try string(cluster, "tls-server-name", of: clusterWhat))
    }

    private func identity(_ user: Value, _ what: String) throws(ConnectionError) -> (ClusterConnection.Credential, Impersonation?) {
        for (key, instead) in [
            ("exec", "a command that makes credentials is not run"), ("auth-provider", "an authentication provider is not supported"),
            ("username", "a user name and password are not supported"),
        ] where user[key]?.isNull == false {
            throw ConnectionError(
                .unsupported, "\(name): \(what) uses '\(key)': \(instead); use a token, a token file or a client certificate")
        }
        var credential = ClusterConnection.Credential.none
        if let path = try string(user, "tokenFile", of: what), !path.isEmpty {
            credential = .tokenFile(absolute(path))
        } else if let token = try string(user, "token", of: what), !token.isEmpty {
            credential = .token(token)
        }
        var impersonation: Impersonation?
        if let other = try string(user, "as", of: what), !other.isEmpty {
            impersonation = Impersonation(
                user: other, groups: user["as-groups"]?.list?.compactMap(\.string) ?? [], uid: try string(user, "as-uid", of: what))
        }
        return (credential, impersonation)
    }

    /// PEM from `<key>-data` in base64, or from the file that `<key>` names.
    private func material(_ value: Value, _ key: String, of what: String) throws(ConnectionError) -> [UInt8]? {
        if let text = try string(value, "\(key)-data", of: what), !text.isEmpty {
            guard let bytes = Base64.decode(text) else {
                throw ConnectionError(.malformed, "\(name): \(key)-data of \(what) is not base64")
            }
            return bytes
        }
        guard let path = try string(value, key, of: what), !path.isEmpty else { return nil }
        return try SmallFile.read(absolute(path)).bytes
    }

    /// The file that `<key>` names, unless the data is in the kubeconfig.
    private func file(_ value: Value, _ key: String, of what: String) throws(ConnectionError) -> String? {
        if let text = try string(value, "\(key)-data", of: what), !text.isEmpty { return nil }
        guard let path = try string(value, key, of: what), !path.isEmpty else { return nil }
        return absolute(path)
    }

    private func entry(_ wanted: String, _ list: String, _ key: String, in root: Value) throws(ConnectionError) -> Value {
        guard let entry = root[list]?.list?.first(where: { $0["name"]?.string == wanted }) else {
            throw ConnectionError(.missing, "\(name) has no \(key) '\(wanted)': it has \(names(root, list))")
        }
        return entry[key] ?? .null
    }

    private func names(_ root: Value, _ list: String) -> String {
        let names = (root[list]?.list ?? []).prefix(20).compactMap { $0["name"]?.string }.map { "'\($0)'" }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }

    private func string(_ value: Value, _ key: String, of what: String) throws(ConnectionError) -> String? {
        switch value[key] {
        case nil, .null: return nil
        case .string(let text): return text
        case let other?: throw ConnectionError(.malformed, "\(name): '\(key)' of \(what) is \(other.kindName), not a string")
        }
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }
}
