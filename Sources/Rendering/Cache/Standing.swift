// SPDX-License-Identifier: Apache-2.0

/// The renders whose reads are known to hold at one tree, by recipe. Pure: what is not known here is asked elsewhere.
///
/// Of a line it holds a part of what the line knows at the same place, so that whoever moves the line on knows what becomes of this.
struct Standing: Sendable {
    private(set) var tree: String
    /// Where the line is that this was looked up of; `nil` where there is none.
    private(set) var place: LinePlace?
    private var renders: [Recipe: KnownRenders] = [:]
    private var askers: [Int64: Set<Recipe>] = [:]
    /// How many renders are held.
    private(set) var count = 0

    init(tree: String) { self.tree = tree }

    init(place: LinePlace) {
        tree = place.tree
        self.place = place
    }

    /// Whether the recipe's renders have been looked up.
    func knows(_ recipe: Recipe) -> Bool { renders[recipe] != nil }

    /// Notes what was found for a recipe, even if that is nothing.
    mutating func load(_ recipe: Recipe, _ found: [KnownRender]) {
        renders[recipe] = KnownRenders()
        for render in found { add(render, for: recipe) }
    }

    mutating func add(_ render: KnownRender, for recipe: Recipe) {
        renders[recipe, default: KnownRenders()].add(render)
        askers[render.reads, default: []].insert(recipe)
        count += 1
    }

    /// Goes on with its line to another tree, at which all of these reads hold but `fallen`.
    mutating func move(to place: LinePlace, without fallen: some Sequence<Int64>) {
        tree = place.tree
        self.place = place
        for reads in fallen {
            for recipe in askers.removeValue(forKey: reads) ?? [] {
                let before = renders[recipe]?.count ?? 0
                renders[recipe]?.drop(reads: reads)
                count -= before - (renders[recipe]?.count ?? 0)
            }
        }
    }

    /// The render that a cluster with these facts gets; there is at most one, since equal answers are one render.
    func render(_ recipe: Recipe, for facts: ClusterFacts, excluding excluded: Set<Int64> = []) -> KnownRender? {
        guard let known = renders[recipe]?.matching(facts) else { return nil }
        return excluded.isEmpty ? known.first : known.first { !excluded.contains($0.reads) }
    }
}
