// SPDX-License-Identifier: Apache-2.0
import Manifests

/// One declaration as read, with its place for later findings.
///
/// A class, because it is kept from commit to commit for as long as its file stays as it is.
final class Declared<Object: Sendable>: Sendable {
    let object: Object
    let place: DocumentPlace

    init(_ object: Object, _ place: DocumentPlace) {
        self.object = object
        self.place = place
    }

    func document(_ report: Report) -> SourceDocument { SourceDocument(place: place, report: report) }
}

/// All declarations of a set of files, those with errors too: a name that is known must not be called missing elsewhere.
struct Declarations: Sendable {
    var clusters: [Declared<Cluster>] = []
    var applications: [Declared<Application>] = []
    var environments: [Declared<Environment>] = []
    var pipelines: [Declared<Pipeline>] = []
    var repositories: [Declared<Repository>] = []
    var accessPolicies: [Declared<AccessPolicy>] = []
    var notifications: [Declared<Notification>] = []

    mutating func add(_ other: Declarations) {
        clusters += other.clusters
        applications += other.applications
        environments += other.environments
        pipelines += other.pipelines
        repositories += other.repositories
        accessPolicies += other.accessPolicies
        notifications += other.notifications
    }

    var isEmpty: Bool {
        clusters.isEmpty && applications.isEmpty && environments.isEmpty && pipelines.isEmpty && repositories.isEmpty
            && accessPolicies.isEmpty && notifications.isEmpty
    }
}

/// Finds the declarations in a file, and reads each.
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
            values = try Self.documents(of: file)
        } catch {
            report.add(
                Diagnostic(
                    file: file.path, line: max(error.line, 1), column: max(error.column, 1), severity: .error, code: error.code,
                    message: error.message, subject: DeclarationPath.application(of: file.path).map { Subject(.application, $0) }))
            return
        }
        for (index, value) in values.enumerated() where !value.isNull {
            read(value, SourceDocument(place: DocumentPlace(file: file, index: index), report: report), isForeign: isForeign)
        }
    }

    /// The documents of a declaration's file as they stand.
    static func documents(of file: SourceFile) throws(DocumentError) -> [Value] { try YAML.documents(file.bytes, limits: limits) }

    private func mentionsOurGroup(_ bytes: [UInt8]) -> Bool {
        let wanted = Array("\(Kind.apiGroup)/v".utf8)
        return bytes.indices.contains { bytes[$0] == wanted[0] && bytes[$0...].starts(with: wanted) }
    }

    private mutating func read(_ value: Value, _ document: SourceDocument, isForeign: Bool) {
        let root = Node(value: value, path: [], document: document)
        guard let map = value.map, case .string(let version)? = map["apiVersion"] else {
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
        document.place.subject = Subject(kind, name)
        let named = Node(value: root.value, path: [], document: document)
        guard let members = named.members("apiVersion", "kind", "metadata", "spec") else { return }
        let header = members["metadata"]?.members("name", "labels")
        if !Names.isName(name) { header?["name"]?.error("invalid-name", "'\(name)' cannot be a name", hint: Names.hint) }
        let labels = header?["labels"]?.labels() ?? [:]
        NotYet.check(kind, root.value, document)
        // A cluster may have nothing to say.
        let spec =
            kind == .cluster ? members["spec"] ?? Node(value: .map(Map()), path: ["spec"], document: document) : members.required("spec")
        guard let spec else { return }
        switch kind {
        case .cluster: declarations.clusters.append(Declared(.read(name, labels, spec), document.place))
        case .application:
            Application.read(name, labels, spec).map { declarations.applications.append(Declared($0, document.place)) }
        case .environment:
            Environment.read(name, labels, spec).map { declarations.environments.append(Declared($0, document.place)) }
        case .pipeline:
            Pipeline.read(name, labels, spec).map { declarations.pipelines.append(Declared($0, document.place)) }
        case .repository:
            Repository.read(name, labels, spec).map { declarations.repositories.append(Declared($0, document.place)) }
        case .accessPolicy:
            AccessPolicy.read(name, labels, spec).map { declarations.accessPolicies.append(Declared($0, document.place)) }
        case .notification:
            Notification.read(name, labels, spec).map { declarations.notifications.append(Declared($0, document.place)) }
        }
    }
}
