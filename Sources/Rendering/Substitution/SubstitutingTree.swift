// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A tree whose manifests have their variables replaced as they are read; engines need not know. Used on one thread.
final class SubstitutingTree<Base: FileTree>: FileTree {
    private let base: Base
    private let variables: TracedVariables
    private var done: [String: [UInt8]] = [:]
    private(set) var errors: [RenderError] = []
    /// What was put in, by file, where that was to be noted.
    private(set) var replacements: [String: [Substitution.Replacement]] = [:]
    private let notesReplacements: Bool

    init(_ base: Base, variables: TracedVariables, notesReplacements: Bool = false) {
        self.base = base
        self.variables = variables
        self.notesReplacements = notesReplacements
    }

    func entry(at path: String) throws -> FileTreeEntry? { try base.entry(at: path) }
    func list(_ path: String) throws -> [String] { try base.list(path) }

    func read(_ path: String, limit: Int) throws -> [UInt8] {
        if let bytes = done[path] { return bytes }
        let bytes = try base.read(path, limit: limit)
        guard PlainManifests.isManifest(path) || path == "Kustomization" || path.hasSuffix("/Kustomization") else { return bytes }
        var replacements: [Substitution.Replacement] = []
        let result = Substitution.apply(to: bytes, path: path, variables: variables, errors: &errors) { replacement in
            if notesReplacements { replacements.append(replacement) }
        }
        if !replacements.isEmpty { self.replacements[path] = replacements }
        done[path] = result
        return result
    }
}
