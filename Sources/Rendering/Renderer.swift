// SPDX-License-Identifier: Apache-2.0
package import Kustomize
package import Manifests

/// Turns a path of a tree into objects, and remembers what it read.
///
/// Reads the tree and the variables, and nothing else: no process, no network, no clock. Same inputs, same bytes. Synchronous: call it on a
/// thread that may block.
package enum Renderer {
    /// Part of every render key: raised whenever the same inputs could give other bytes.
    package static let engineVersion = "2"

    /// Renders, or says what is wrong.
    package static func render(
        _ request: RenderRequest, from tree: some FileTree, limits: RenderLimits = .standard
    ) throws(RenderFailure) -> Rendered {
        let attempt: RenderAttempt
        do {
            attempt = try Self.attempt(Recipe(request), ClusterFacts(variables: request.variables), from: tree, limits: limits)
        } catch {
            throw RenderFailure(RenderError(code: "unreadable", path: request.path, message: "\(error)"))
        }
        return try attempt.result.get()
    }

    /// Renders, and keeps what was read also where that failed: a failure is as good as long as its reads as a result is.
    /// - Parameter charge: told the size of each file before it is read; what it throws ends the attempt.
    /// - Throws: what `charge` throws, and what a tree throws that cannot be read at the moment. Nothing follows from such an attempt.
    package static func attempt(
        _ recipe: Recipe, _ facts: ClusterFacts, from tree: some FileTree, limits: RenderLimits = .standard,
        charge: ((_ bytes: Int) throws -> Void)? = nil
    ) throws -> RenderAttempt {
        let tracing = TracingTree(tree, charge: charge)
        let variables = TracedVariables(facts)
        let result: Result<(RenderEngine, [RenderedObject], [String]), RenderFailure>
        do throws(RenderFailure) {
            result = .success(try objects(recipe, from: tracing, variables, limits))
        } catch {
            result = .failure(error.bounded)
        }
        if let interruption = tracing.interruption { throw interruption }
        let trace = RenderTrace(recipe: recipe, reads: tracing.reads, answers: variables.answers)
        return RenderAttempt(
            trace: trace, result: result.map { Rendered(engine: $0.0, objects: $0.1, warnings: $0.2, trace: trace) })
    }

    private static func objects(
        _ recipe: Recipe, from tracing: TracingTree<some FileTree>, _ variables: TracedVariables, _ limits: RenderLimits
    ) throws(RenderFailure) -> (RenderEngine, [RenderedObject], [String]) {
        let (engine, sources, remarks): (RenderEngine, [SourceObject], [String])
        if recipe.substitute {
            let substituting = SubstitutingTree(tracing, variables: variables)
            do throws(RenderFailure) {
                (engine, sources, remarks) = try Self.sources(recipe, from: substituting, limits)
            } catch {
                // An unknown variable is the cause, what the engine said about the text with a hole in it only follows from it.
                guard substituting.errors.isEmpty else { throw RenderFailure(substituting.errors) }
                throw error
            }
            guard substituting.errors.isEmpty else { throw RenderFailure(substituting.errors) }
        } else {
            (engine, sources, remarks) = try Self.sources(recipe, from: tracing, limits)
        }
        var checks = ObjectChecks(request: recipe, limits: limits) { path in try? tracing.read(path, limit: limits.fileBytesMax) }
        let objects = try checks.objects(sources)
        return (engine, objects, remarks + checks.warnings)
    }

    /// Chooses the engine by what is at the path, and runs it.
    private static func sources(
        _ request: Recipe, from tree: some FileTree, _ limits: RenderLimits
    ) throws(RenderFailure) -> (RenderEngine, [SourceObject], warnings: [String]) {
        let path = request.path
        switch try entry(path, of: tree) {
        case nil:
            throw RenderFailure(
                RenderError(code: "not-found", path: path, message: "no such file or folder", hint: "see source.path of the application"))
        case .file(let path):
            guard PlainManifests.isManifest(path) else {
                throw RenderFailure(
                    RenderError(code: "not-a-manifest", path: path, message: "neither a folder nor a .yaml, .yml or .json file"))
            }
            return (.plain, try PlainManifests.read(file: path, from: tree, limits), [])
        case .folder(let path):
            let kustomization: String?
            let isChart: Bool
            do {
                kustomization = try Kustomize.kustomization(in: path, of: tree)
                isChart = try tree.entry(at: path.isEmpty ? "Chart.yaml" : "\(path)/Chart.yaml") != nil
            } catch {
                throw RenderFailure(RenderError(code: "unreadable", path: path, message: "\(error)"))
            }
            if kustomization != nil {
                do throws(KustomizeFailure) {
                    let build = try Kustomize.run(path, from: tree, limits: limits.kustomize)
                    return (
                        .kustomize,
                        build.objects.map { SourceObject(value: $0.value, path: $0.path, document: $0.document, steps: $0.steps) },
                        build.deprecations.map(\.warning)
                    )
                } catch {
                    throw RenderFailure(error)
                }
            }
            if isChart {
                throw RenderFailure(
                    RenderError(
                        code: "not-yet", path: path.isEmpty ? "Chart.yaml" : "\(path)/Chart.yaml", message: "Helm charts: not yet",
                        hint: "use a kustomization or plain manifests"))
            }
            return (.plain, try PlainManifests.read(folder: path, from: tree, limits), [])
        }
    }

    private enum Place {
        case file(String)
        case folder(String)
    }

    private static func entry(_ path: String, of tree: some FileTree) throws(RenderFailure) -> Place? {
        guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
            throw RenderFailure(RenderError(code: "outside", path: path, message: "the path leads out of the repository"))
        }
        let clean = path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        do {
            let real = try tree.resolve(clean)
            switch try tree.entry(at: real) {
            case .file: return .file(real)
            case .folder: return .folder(real)
            case .symbolicLink, nil: return nil
            }
        } catch {
            throw RenderFailure(RenderError(code: "unreadable", path: path, message: "\(error)"))
        }
    }
}

/// An object as an engine gives it, before it is checked.
struct SourceObject: Sendable {
    var value: Value
    let path: String
    /// Which document of the file, counted from 0.
    let document: Int
    /// The way from the document to the object: into a list's items.
    var steps: [PathStep] = []
}

extension KustomizeProblem {
    /// As a remark that is no error: `file:line:column: message (hint)`.
    package var warning: String {
        let place = line.map { "\(path):\($0):\(column ?? 1)" } ?? path
        return "\(place): \(message)" + (hint.map { " (\($0))" } ?? "")
    }
}
