// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A file that was read and parsed, kept so that an error can say where in it something is.
struct SourceFile: Sendable {
    let path: String
    let bytes: [UInt8]
    let documents: [Value]

    /// A problem with what is at `steps` of a document.
    func problem(
        _ code: String, _ message: String, at steps: [PathStep] = [], document: Int = 0, key: Bool = false, hint: String? = nil
    ) -> KustomizeProblem {
        let mark = YAML.locate(steps, document: document, in: bytes, what: key ? .key : .value)
        return KustomizeProblem(code: code, path: path, line: mark?.line, column: mark?.column, message: message, hint: hint)
    }
}

/// How much one build takes in before it is refused.
package struct KustomizeLimits: Sendable, Hashable {
    /// How deep kustomizations may refer to each other.
    package var depthMax: Int
    /// Files read, kustomizations included.
    package var filesMax: Int
    /// Bytes of one file.
    package var fileBytesMax: Int
    /// Objects in one build.
    package var resourcesMax: Int

    package init(depthMax: Int, filesMax: Int, fileBytesMax: Int, resourcesMax: Int) {
        self.depthMax = depthMax
        self.filesMax = filesMax
        self.fileBytesMax = fileBytesMax
        self.resourcesMax = resourcesMax
    }

    package static let standard = KustomizeLimits(depthMax: 64, filesMax: 20_000, fileBytesMax: 16 << 20, resourcesMax: 100_000)
}
