// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Changes the resources of a build: one of kustomize's built-in transformers with its configuration.
protocol Transformer {
    func transform(_ resources: inout ResourceMap, in context: BuildContext) throws(KustomizeFailure)
}

/// Makes resources: one of kustomize's built-in generators with its configuration.
protocol Generator {
    func generate() throws(KustomizeFailure) -> [Resource]
}

/// What holds for a whole build.
final class BuildContext {
    let limits: KustomizeLimits
    /// The schema that patches go by; an `openapi` field changes it for everything that is built after it.
    var schema = Schema.builtIn
    /// The file at a path, as far as this build has read it.
    private let file: (String) -> SourceFile?
    /// By path: where the documents of a file have scalars that are spelled in some way.
    private var spellings: [YAML.Spelling: [String: [Set<[PathStep]>]]] = [:]
    /// Resources that are not spelled any more as they were read, kept so that their identifiers stay theirs.
    private var rewritten: [ObjectIdentifier: Resource] = [:]

    init(limits: KustomizeLimits, file: @escaping (String) -> SourceFile? = { _ in nil }) {
        self.limits = limits
        self.file = file
    }

    private var work = 0

    /// Counts work that a step is about to do.
    /// - Throws: where the build has done more than its limit.
    func spend(_ amount: Int, at node: Node) throws(KustomizeFailure) {
        work += amount
        guard work <= limits.workMax else {
            throw node.failure(
                "too-much-work", "the build takes more than \(limits.workMax) steps", hint: "divide it into several applications")
        }
    }

    /// A JSON patch was applied to the resource: kustomize then writes it anew, with words for nulls, and with quotes where they are needed.
    func noteRewriting(_ resource: Resource) { rewritten[ObjectIdentifier(resource)] = resource }

    /// Whether the scalar at a place of a resource is spelled so where the resource was read.
    func isSpelled(_ spelling: YAML.Spelling, _ resource: Resource, _ steps: [PathStep]) -> Bool {
        guard rewritten[ObjectIdentifier(resource)] == nil else { return false }
        let source = resource.source
        let documents: [Set<[PathStep]>]
        if let known = spellings[spelling]?[source.path] {
            documents = known
        } else {
            documents = file(source.path).map { YAML.places(spelled: spelling, in: $0.bytes) } ?? []
            spellings[spelling, default: [:]][source.path] = documents
        }
        return documents.indices.contains(source.document) && documents[source.document].contains(source.steps + steps)
    }
}

/// The files that a kustomization may read: those in its folder and below, links followed and bounded by the tree.
protocol FileScope {
    /// The kustomization's folder, from the tree's root.
    var folder: String { get }

    /// The bytes of a file that `node` names by `path`, and where it really is.
    /// - Throws: where there is none, or it is outside of the folder, named at `node`'s place.
    func bytes(_ path: String, for node: Node) throws(KustomizeFailure) -> (path: String, bytes: [UInt8])

    /// The same, parsed as YAML.
    func documents(_ path: String, for node: Node) throws(KustomizeFailure) -> SourceFile

    /// Whether `path` names a file that may be read.
    func hasFile(_ path: String) -> Bool
}
