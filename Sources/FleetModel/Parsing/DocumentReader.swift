// SPDX-License-Identifier: Apache-2.0
import Manifests

/// One declaration as read, with its document for later findings.
struct Declared<Object> {
    var object: Object
    var document: SourceDocument
}

/// All declarations of a set of files, those with errors too: a name that is known must not be called missing elsewhere.
struct Declarations {
    var clusters: [Declared<Cluster>] = []
    var applications: [Declared<Application>] = []
    var environments: [Declared<Environment>] = []
    var pipelines: [Declared<Pipeline>] = []
    var repositories: [Declared<Repository>] = []
    var accessPolicies: [Declared<AccessPolicy>] = []
    var notifications: [Declared<Notification>] = []
}

/// Finds the declarations among files, and reads each.
struct DocumentReader {
    let report = Report()
    private(set) var declarations = Declarations()

    /// Small next to what a fleet commit may hold altogether: declarations are written by hand.
    private static let limits = Limits(bytesMax: 4 << 20, depthMax: 32, aliasesMax: 10_000, documentsMax: 10_000)

    mutating func read(_ file: SourceFile) {
        // Below an application's folder lie bases and charts, whose files are none of ours and need not even be YAML.
        let isForeign = DeclarationPath.isInsideApplication(file.path)
        if isForeign, !mentionsOurGroup(file.bytes) { return }
        let values: [Value]
        do throws(DocumentError) {
            values = try YAML.documents(file.bytes, limits: Self.limits)
        } catch {
            report.add(
                Diagnostic(
                    file: file.path, line: max(error.line, 1), column: max(error.column, 1), severity: .error, code: error.code,
                    message: error.message, subject: DeclarationPath.application(of: file.path).map { Subject(.application, $0) }))
            return
        }
        for (index, value) in values.enumerated() where !value.isNull {
            read(SourceDocument(file: file, index: index, value: value, report: report), isForeign: isForeign)
        }
    }

    private func mentionsOurGroup(_ bytes: [UInt8]) -> Bool {
        let wanted = Array("\(Kind.apiGroup)/v".utf8)
        return bytes.indices.contains { bytes[$0] == wanted[0] && bytes[$0...].starts(with: wanted) }
    }

    private mutating func read(_ document: SourceDocument, isForeign: Bool) {
        let root = Node(value: document.value, path: [], document: document)
        guard let map = document.value.map, case .string(let version)? = map["apiVersion"] else {
            if !isForeign {
                root.error(
                    "missing-field", "no declaration: 'apiVersion' is missing",
                    hint: "write 'apiVersion: \(Kind.apiVersion)', or move the file")
            }
            return
        }
        guard version.hasPrefix("\(Kind.apiGroup)/") else { return }
        guard version == Kind.apiVersion else {
            document.add(
                .error, "unknown-version", "this version of Flotilla does not know '\(version)'", hint: "it knows \(Kind.apiVersion)",
                at: ["apiVersion"])
            return
        }
        let known = Kind.allCases.map(\.rawValue)
        guard let kindNode = Members(node: root, map: map).required("kind"), let text = kindNode.text() else { return }
        guard let kind = Kind(rawValue: text) else {
            kindNode.error(
                "unknown-kind", "there is no kind '\(text)'", hint: Suggestion.hint(for: text, among: known, what: "known kinds"))
            return
        }
        read(kind, root)
    }

    private mutating func read(_ kind: Kind, _ root: Node) {
        guard let map = root.value.map, let metadata = Members(node: root, map: map).required("metadata"),
            let name = metadata.value["name"]?.string, !name.isEmpty
        else {
            // Without a name there is nothing to attach findings to but the file; report what metadata lacks, and stop.
            if let metadata = root.value["metadata"] {
                let node = Node(value: metadata, path: ["metadata"], document: root.document)
                _ = node.members("name", "labels")?.required("name")?.text()
            }
            return
        }
        var document = root.document
        document.subject = Subject(kind, name)
        let named = Node(value: root.value, path: [], document: document)
        guard let members = named.members("apiVersion", "kind", "metadata", "spec") else { return }
        let header = members["metadata"]?.members("name", "labels")
        if !Names.isName(name) { header?["name"]?.error("invalid-name", "'\(name)' cannot be a name", hint: Names.hint) }
        let labels = header?["labels"]?.labels() ?? [:]
        NotYet.check(kind, document)
        // A cluster may have nothing to say.
        let spec =
            kind == .cluster ? members["spec"] ?? Node(value: .map(Map()), path: ["spec"], document: document) : members.required("spec")
        guard let spec else { return }
        switch kind {
        case .cluster: declarations.clusters.append(Declared(object: .read(name, labels, spec), document: document))
        case .application:
            Application.read(name, labels, spec).map { declarations.applications.append(Declared(object: $0, document: document)) }
        case .environment:
            Environment.read(name, labels, spec).map { declarations.environments.append(Declared(object: $0, document: document)) }
        case .pipeline:
            Pipeline.read(name, labels, spec).map { declarations.pipelines.append(Declared(object: $0, document: document)) }
        case .repository:
            Repository.read(name, labels, spec).map { declarations.repositories.append(Declared(object: $0, document: document)) }
        case .accessPolicy:
            AccessPolicy.read(name, labels, spec).map { declarations.accessPolicies.append(Declared(object: $0, document: document)) }
        case .notification:
            Notification.read(name, labels, spec).map { declarations.notifications.append(Declared(object: $0, document: document)) }
        }
    }
}
