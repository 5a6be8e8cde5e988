// SPDX-License-Identifier: Apache-2.0
import Manifests

extension Pipeline.Bounds {
    /// Items of one list.
    static let itemsMax = 1_000

    /// Bounds of which anything is wrong are those that could be read, with an error: never fewer than were written without one.
    static func read(_ node: Node) -> Self? {
        guard let fields = node.members("namespaces", "clusterScoped", "serviceAccounts", "repositories") else { return nil }
        var bounds = Self()
        bounds.namespaces = items("namespaces", fields) { item, text in
            guard !NamespacePattern(text).isWellFormed else { return }
            item.error(
                "invalid-name", "'\(text)' can match no namespace", hint: "use lower-case letters, digits and '-', and '*' for any of these"
            )
        }
        bounds.clusterScoped = items("clusterScoped", fields, checkKind)
        bounds.serviceAccounts = items("serviceAccounts", fields) { item, text in
            guard !Names.isDomain(text[...]) else { return }
            item.error("invalid-name", "'\(text)' cannot be a service account", hint: "each is listed by its whole name")
        }
        bounds.repositories = items("repositories", fields) { _, _ in }
        return bounds
    }

    /// A key without a value would read as unbounded, which is hardly what is meant.
    private static func items(_ key: String, _ fields: Members, _ check: (Node, String) -> Void) -> [String]? {
        guard let value = fields.map[key] else { return nil }
        let node = Node(value: value, path: fields.node.path + [.key(key)], document: fields.node.document)
        guard !value.isNull else {
            node.wrongType("a list", hint: "write [] to allow nothing, or leave '\(key)' out to leave it unbounded")
            return []
        }
        if let count = value.list?.count, count > itemsMax {
            node.invalid("'\(key)' has \(count) items, more than the limit of \(itemsMax)")
            return []
        }
        var texts: [String] = []
        for item in node.items() {
            guard let text = item.text() else { continue }
            if texts.contains(text) { item.invalid("'\(text)' is there twice") } else { check(item, text) }
            texts.append(text)
        }
        return texts
    }

    private static func checkKind(_ item: Node, _ text: String) {
        let name = KindName(text)
        let isKind = name.kind.utf8.first.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } == true
        guard isKind, name.kind.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }),
            name.group.map({ Names.isDomain($0[...]) }) ?? true
        else {
            item.error(
                "invalid-name", "'\(text)' cannot be a kind", hint: "write a kind such as Namespace, or Widget.example.dev with its group")
            return
        }
        let scope = name.group.map { KindScope.builtIn(group: $0, kind: name.kind) } ?? KindScope.builtIn(kind: name.kind)
        if scope == .namespaced {
            item.invalid("\(name.kind) lives in namespaces: 'namespaces' bounds where it may be", hint: "take it out of 'clusterScoped'")
        } else if scope == nil, name.group == nil {
            item.error(
                "invalid-name", "no kind '\(name.kind)' outside namespaces comes with Kubernetes",
                hint: "write it with its group, such as \(name.kind).example.dev")
        }
    }
}
