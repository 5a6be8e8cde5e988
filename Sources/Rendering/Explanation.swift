// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// How a field of a rendered object got its value.
package struct Explanation: Sendable {
    package let object: ObjectIdentity
    package let field: JSONPointer
    /// `nil` where the result has no such field: something removed it.
    package let value: Value?
    /// What was read first, then each step that changed the value.
    package let steps: [Step]

    package struct Place: Sendable, Hashable, CustomStringConvertible {
        /// From the tree's root.
        package let path: String
        /// Both counted from 1; `nil` where it is the file as a whole.
        package let line: Int?
        package let column: Int?

        package var description: String { line.map { "\(path):\($0):\(column ?? 1)" } ?? path }
    }

    package struct Step: Sendable {
        package enum Kind: Sendable, Hashable {
            /// Read, or the engine's own name of a transformer or generator: `PatchTransformer`.
            case engine(String)
            /// The application's namespace was given to an object without one, or taken from one that lives in none.
            case namespace
        }

        package let kind: Kind
        /// `nil` for what was asked for and not read from a file.
        package let place: Place?
        /// `nil` where the step removed the field.
        package let value: Value?
        /// Variables whose values were put into what stands at the place.
        package let variables: [Use]
    }

    /// A variable where it is used.
    package struct Use: Sendable, Hashable {
        /// As it is written in the manifest: `replicas`.
        package let name: String
        /// The full name that it was found by: `cluster.variables.replicas`; `nil` where the manifest's default was taken.
        package let variable: String?
        package let value: String
        package let place: Place
    }
}
