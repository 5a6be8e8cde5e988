// SPDX-License-Identifier: Apache-2.0
package import Manifests

extension RenderCache {
    /// The files that a target's objects come from, before patches. Renders it once more: for errors that have to name a file.
    /// - Returns: nothing of what cannot be rendered.
    package func origins(of target: RenderTarget, facts: ClusterFacts, at tree: String) async throws -> [ObjectIdentity: String] {
        let lease = await budget.acquire(RenderBatch.reservation)
        defer { lease.release() }
        let limits = limits
        let attempt = try await trees.read(tree) { tree in try Renderer.attempt(target.recipe, facts, from: tree, limits: limits) }
        guard case .success(let rendered) = attempt.result else { return [:] }
        return Dictionary(rendered.objects.map { ($0.identity, $0.path) }) { first, _ in first }
    }
}
