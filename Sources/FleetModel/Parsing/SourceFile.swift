// SPDX-License-Identifier: Apache-2.0

/// A file of a fleet repository.
package struct SourceFile: Sendable, Hashable {
    /// Below the repository's root, parts separated by `/`.
    package let path: String
    package let bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}
