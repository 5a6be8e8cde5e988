// SPDX-License-Identifier: Apache-2.0

extension Repository {
    static func read(_ name: String, _ labels: [String: String], _ spec: Node) -> Repository? {
        guard let fields = spec.members("url", "credential", "knownHosts", "signatures") else { return nil }
        var repository = Repository(name: name, url: fields.required("url")?.text() ?? "")
        repository.labels = labels
        repository.credential = fields["credential"]?.text()
        repository.knownHosts = fields["knownHosts"]?.text()
        if let signatures = fields["signatures"]?.members("require") {
            repository.signatures = signatures.required("require")?.choice() ?? .none
        }
        return repository
    }
}
