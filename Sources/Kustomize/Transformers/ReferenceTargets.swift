// SPDX-License-Identifier: Apache-2.0

/// The resources of a build by the names they had, so that following all references takes time in proportion to their number.
final class ReferenceTargets {
    /// What is asked of a resource again and again while references are followed.
    struct Facts {
        let id: ResourceID
        let isClusterScoped: Bool
        /// The one that counts; empty outside of namespaces.
        let namespace: String
        /// The one that counted at first.
        let originalNamespace: String

        init(_ resource: Resource) {
            id = resource.id
            isClusterScoped = id.isClusterScoped
            namespace = id.effectiveNamespace
            originalNamespace = resource.formers.first?.namespace ?? namespace
        }
    }

    /// Resources that once had one name. More than a few are found by their namespaces.
    private final class Namesakes {
        private(set) var positions: [Int] = []
        private var byNamespace: [String: [Int]]?
        private var byOriginal: [String: [Int]]?

        static let few = 16

        func add(_ position: Int) { if positions.last != position { positions.append(position) } }

        func inNamespace(_ namespace: String, _ facts: [Facts]) -> [Int] {
            let groups = byNamespace ?? Dictionary(grouping: positions) { facts[$0].namespace }
            byNamespace = groups
            return groups[namespace] ?? []
        }

        func inOriginalNamespace(_ namespace: String, _ facts: [Facts]) -> [Int] {
            let groups = byOriginal ?? Dictionary(grouping: positions) { facts[$0].originalNamespace }
            byOriginal = groups
            return groups[namespace] ?? []
        }
    }

    let resources: [Resource]
    let facts: [Facts]
    private var namesakes: [String: Namesakes] = [:]
    /// Which original namespaces there are among the resources that are in a namespace now: by the one that is written (all outside of
    /// namespaces under `nil`).
    private var originals: [String?: Set<String>] = [:]

    init(_ resources: [Resource]) {
        self.resources = resources
        facts = resources.map(Facts.init)
        for (position, resource) in resources.enumerated() {
            for former in resource.formers {
                if let known = namesakes[former.name] {
                    known.add(position)
                } else {
                    let new = Namesakes()
                    new.add(position)
                    namesakes[former.name] = new
                }
            }
            let facts = facts[position]
            originals[facts.isClusterScoped ? nil : facts.id.namespace, default: []].insert(facts.originalNamespace)
        }
    }

    /// Positions, in order, of resources that were once named so and lie where the reference may mean; `Referrer.reaches` is still to be asked.
    /// - Parameter namespace: what the reference itself says. It means the namespace that resources were in at first, where any that the
    ///   referrer can see was, else the present one.
    func positions(formerlyNamed name: String, for referrer: Referrer, in namespace: String?) -> [Int] {
        guard let namesakes = namesakes[name] else { return [] }
        if let namespace {
            // Resources outside of namespaces are in none that can be named.
            guard !namespace.isEmpty else { return [] }
            let isOriginal = hasOriginal(namespace, for: referrer)
            if namesakes.positions.count > Namesakes.few {
                return isOriginal ? namesakes.inOriginalNamespace(namespace, facts) : namesakes.inNamespace(namespace, facts)
            }
            return namesakes.positions.filter { (isOriginal ? facts[$0].originalNamespace : facts[$0].namespace) == namespace }
        }
        guard namesakes.positions.count > Namesakes.few, !referrer.facts.isClusterScoped else { return namesakes.positions }
        var namespaces = Set(referrer.accountNamespaces.map { $0.isEmpty ? "default" : $0 })
        namespaces.formUnion([referrer.facts.namespace, ""])
        return namespaces.flatMap { namesakes.inNamespace($0, facts) }.sorted()
    }

    /// Whether any resource that the referrer can see was in the namespace at first.
    private func hasOriginal(_ namespace: String, for referrer: Referrer) -> Bool {
        func has(_ key: String?) -> Bool { originals[key]?.contains(namespace) == true }
        if referrer.facts.isClusterScoped { return originals.values.contains { $0.contains(namespace) } }
        if has(nil) || referrer.accountNamespaces.contains(where: { has($0) }) { return true }
        return referrer.facts.namespace == "default" ? has("") || has("default") : has(referrer.facts.namespace)
    }
}
