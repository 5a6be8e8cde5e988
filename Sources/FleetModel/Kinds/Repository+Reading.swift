// SPDX-License-Identifier: Apache-2.0

extension Repository {
    static func read(_ name: String, _ labels: [String: String], _ spec: Node) -> Repository? {
        guard let fields = spec.members("url", "credential", "knownHosts", "signatures") else { return nil }
        var repository = Repository(name: name, url: fields.required("url").flatMap(address) ?? "")
        repository.labels = labels
        repository.credential = fields["credential"]?.text()
        repository.knownHosts = fields["knownHosts"]?.text()
        if let signatures = fields["signatures"] { repository.signatures = Signatures.read(signatures) }
        return repository
    }

    /// The address, after a report of what cannot be one.
    private static func address(_ node: Node) -> String? {
        guard let text = node.text() else { return nil }
        let forms = "write https://host/path, ssh://git@host/path, git@host:path or file:///path"
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            // git@host:path; a path of this machine has no host.
            let host = text.prefix { $0 != ":" }
            if text.hasPrefix("/") || host.isEmpty || host.count == text.count || host.contains("/") || text.hasSuffix(":") {
                node.invalid("'\(text)' is no address of a Git repository", hint: forms)
            }
            return text
        }
        let scheme = text[..<colon].lowercased()
        let rest = text[colon...].dropFirst(3)
        let authority = rest.prefix { $0 != "/" }
        switch scheme {
        case "https", "ssh", "file":
            // A password must not even be repeated.
            if let at = authority.lastIndex(of: "@"), scheme != "ssh" || authority[..<at].contains(":") {
                node.invalid("'url' holds a user or a password", hint: "a credential does not belong into a declaration")
            } else if authority.isEmpty != (scheme == "file") || rest.drop(while: { $0 != "/" }).count < 2 {
                node.invalid("'\(text)' is no address of a Git repository", hint: forms)
            }
        default: node.invalid("repositories over '\(scheme)' are not supported", hint: forms)
        }
        return text
    }
}

extension Repository.Signatures {
    fileprivate static func read(_ node: Node) -> Self {
        var signatures = Repository.Signatures()
        guard let fields = node.members("require", "allowedSigners", "openPGPKeys") else { return signatures }
        signatures.require = fields.required("require")?.choice() ?? .none
        signatures.allowedSigners = fields["allowedSigners"].flatMap(path)
        signatures.openPGPKeys = fields["openPGPKeys"].flatMap(path)
        if signatures.require != .none, fields["allowedSigners"] == nil, fields["openPGPKeys"] == nil {
            node.error(
                "missing-field", "'require: \(signatures.require.rawValue)' needs 'allowedSigners' or 'openPGPKeys'",
                hint: "without keys no commit could ever meet it")
        }
        return signatures
    }

    private static func path(_ node: Node) -> String? {
        guard let text = node.text() else { return nil }
        if text.hasPrefix("/") || text.split(separator: "/").contains("..") {
            node.invalid("'\(text)' must be a path below the repository's root", hint: "leave out '..' and the leading '/'")
        }
        return text
    }
}
