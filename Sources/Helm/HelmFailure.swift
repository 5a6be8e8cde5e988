// SPDX-License-Identifier: Apache-2.0

/// Why a chart cannot be read or rendered, in the words that Helm has for it where it has some.
package struct HelmFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The chart's files are not what a chart is made of.
        case chart
        /// A chart that Chart.yaml names is not in `charts/`.
        case dependency
        /// The values do not fit the chart, or its schema.
        case values
        /// A template cannot be read or fails.
        case template
        /// What a template wrote is no object.
        case output
        /// The chart asks for more time or memory than it gets.
        case limit
        /// The chart wants something that cannot be repeated.
        case notRepeatable = "not-repeatable"
        /// The task was cancelled.
        case cancelled
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
