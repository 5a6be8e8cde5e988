// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Where renders are kept: by recipe and by what they read, with an index from questions about a tree to who asked them.
///
/// A *line* is a branch that is followed, such as a repository's trunk. It stands at one tree and knows which sets of reads hold there.
package protocol RenderRecords: Sendable {
    /// Where the line stands; `nil` for a line that is not known.
    func place(of line: String) async throws -> LinePlace?

    /// Sets of reads that hold at the line's tree and ask one of these questions.
    func asking(_ questions: Set<Int64>, of line: String) async throws -> [Int64]

    /// These sets of reads; those that are gone are left out.
    func reads(_ ids: [Int64]) async throws -> [KeptReads]

    /// Moves a line on and lets it forget the sets of reads that no longer hold, all of them for `nil`. Returns where it stands then, or
    /// `nil` if it is not, or no longer, exactly at `place`.
    func advance(_ line: String, from place: LinePlace?, to tree: String, forgetting: [Int64]?, now: Timestamp) async throws
        -> LinePlace?

    /// The renders of these recipes whose reads hold at the line's tree; none when it has moved since it was at `place`.
    func standing(_ recipes: [Recipe], of line: String, at place: LinePlace) async throws -> [KeptRender]

    /// The sets of reads that renders of these recipes have, the newest of each recipe, up to a limit.
    func reads(of recipes: [Recipe]) async throws -> [Int64]

    /// The renders of these recipes that have one of these sets of reads.
    func renders(_ recipes: [Recipe], reading reads: [Int64]) async throws -> [KeptRender]

    /// Keeps new renders, and notes for the line that their reads hold at its tree, and those of `revived`; not when it has moved.
    func add(_ made: MadeRenders, revived: [Int64], to line: (name: String, place: LinePlace)?, now: Timestamp) async throws -> AddedRenders

    /// Notes that renders were used.
    func touch(_ renders: [Int64], now: Timestamp) async throws
}

/// Where a line stands, and how often it has moved and learnt something since it is known: two equal places have the same sets of reads.
package struct LinePlace: Sendable, Hashable {
    package let tree: String
    package let moves: Int64
    /// Grows with every set of reads that is noted.
    package let version: Int64

    package init(tree: String, moves: Int64, version: Int64) {
        self.tree = tree
        self.moves = moves
        self.version = version
    }
}

/// Renders that were kept, in the order in which they were given. One that somebody else kept first is that one.
package struct AddedRenders: Sendable {
    package let renders: [KnownRender]
    /// Whether the line was still where it was thought to be, and has learnt that their reads hold.
    package let stand: Bool

    package init(renders: [KnownRender], stand: Bool) {
        self.renders = renders
        self.stand = stand
    }
}

/// A kept set of reads.
package struct KeptReads: Sendable {
    package let id: Int64
    package let reads: ReadSet

    package init(id: Int64, reads: ReadSet) {
        self.id = id
        self.reads = reads
    }
}

/// A kept render and whose it is.
package struct KeptRender: Sendable {
    package let recipe: Recipe
    package let render: KnownRender

    package init(recipe: Recipe, render: KnownRender) {
        self.recipe = recipe
        self.render = render
    }
}

/// Renders that were just done.
package struct MadeRenders: Sendable {
    package struct Render: Sendable {
        package let trace: RenderTrace
        /// Its objects in order, or why there are none.
        package let result: Result<[Member], RenderFailure>

        package init(trace: RenderTrace, result: Result<[Member], RenderFailure>) {
            self.trace = trace
            self.result = result
        }
    }

    /// One object of a render.
    package struct Member: Sendable, Hashable {
        package let object: Digest
        /// The encrypted file that it was made of.
        package let original: Digest?

        package init(object: Digest, original: Digest? = nil) {
            self.object = object
            self.original = original
        }
    }

    /// What a digest stands for.
    package struct Content: Sendable, Hashable {
        package let bytes: [UInt8]
        /// Whether there are values of a Secret in it that are not encrypted: neither it nor its digest may be kept as they are.
        package let isReadableSecret: Bool

        package init(bytes: [UInt8], isReadableSecret: Bool = false) {
            self.bytes = bytes
            self.isReadableSecret = isReadableSecret
        }
    }

    package var renders: [Render] = []
    /// Every object of these renders, once.
    package var objects: [Digest: Content] = [:]
    /// Every encrypted file that they were made of, once.
    package var originals: [Digest: Content] = [:]

    package init() {}
}

/// Where trees are read from, by name (for Git the id of the root folder).
package protocol RenderTrees: Sendable {
    /// What differs between two trees; `nil` where that cannot be told, or is too much to be worth it.
    func changes(from: String, to: String) async throws -> [ChangedPath]?

    /// Runs `body` with a tree on a thread that may block.
    func read<T: Sendable>(_ tree: String, _ body: @escaping @Sendable (any FileTree) throws -> T) async throws -> T
}
