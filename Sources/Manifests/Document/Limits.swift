// SPDX-License-Identifier: Apache-2.0

/// How much a reader takes in before it refuses a document.
package struct Limits: Sendable, Hashable {
    /// Bytes of the whole input.
    package var bytesMax: Int
    /// How deep lists and maps may nest; the readers recurse, so this also bounds their stack.
    package var depthMax: Int
    /// Values that aliases and merge keys may copy, over the whole input; what keeps a "billion laughs" document small.
    package var aliasesMax: Int
    /// Documents in one YAML stream.
    package var documentsMax: Int

    package init(bytesMax: Int, depthMax: Int, aliasesMax: Int, documentsMax: Int) {
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.aliasesMax = aliasesMax
        self.documentsMax = documentsMax
    }

    /// Roomy enough for any real set of manifests or answer of an API server: 64 MiB, 128 levels, 100,000 documents.
    package static let standard = Limits(bytesMax: 64 << 20, depthMax: 128, aliasesMax: 100_000, documentsMax: 100_000)

    /// Refuses an input that is too large before any of it is looked at.
    func check(bytes count: Int) throws(DocumentError) {
        guard count > bytesMax else { return }
        throw DocumentError(code: "too-large", message: "\(count) bytes, more than the limit of \(bytesMax)", line: 0, column: 0)
    }
}
