// SPDX-License-Identifier: Apache-2.0

/// How much one build takes in before it is refused.
package struct KustomizeLimits: Sendable, Hashable {
    /// How deep kustomizations may refer to each other.
    package var depthMax: Int
    /// Files read, kustomizations included.
    package var filesMax: Int
    /// Bytes of one file.
    package var fileBytesMax: Int
    /// Bytes of all files together; a file that is read again counts again.
    package var bytesMax: Int
    /// Objects in one build.
    package var resourcesMax: Int
    /// Kustomizations built, one that several refer to counted each time.
    package var kustomizationsMax: Int
    /// Steps of work: resources that transformers look at, and values that replacements copy. What bounds a build in time.
    package var workMax: Int
    /// Bytes of one text that replacements and variables put together.
    package var textBytesMax: Int

    package init(
        depthMax: Int = 64, filesMax: Int = 20_000, fileBytesMax: Int = 16 << 20, bytesMax: Int = 256 << 20, resourcesMax: Int = 100_000,
        kustomizationsMax: Int = 10_000, workMax: Int = 20_000_000, textBytesMax: Int = 4 << 20
    ) {
        self.depthMax = depthMax
        self.filesMax = filesMax
        self.fileBytesMax = fileBytesMax
        self.bytesMax = bytesMax
        self.resourcesMax = resourcesMax
        self.kustomizationsMax = kustomizationsMax
        self.workMax = workMax
        self.textBytesMax = textBytesMax
    }

    package static let standard = KustomizeLimits()
}
