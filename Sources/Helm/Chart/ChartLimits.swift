// SPDX-License-Identifier: Apache-2.0

/// What a chart may be made of before it is refused.
package struct ChartLimits: Sendable, Hashable {
    /// Bytes of one file; Helm's own limit.
    package var fileBytesMax = 5 << 20
    /// Bytes of all files together, archives unpacked; Helm's own limit.
    package var bytesMax = 100 << 20
    package var filesMax = 20_000
    /// How deep charts may hold charts, and folders folders.
    package var depthMax = 32

    package init() {}

    package static let standard = ChartLimits()
}

/// Counts what a chart and all charts within it take.
struct ChartBudget {
    let limits: ChartLimits
    private(set) var bytes = 0
    private(set) var files = 0

    init(_ limits: ChartLimits) { self.limits = limits }

    var bytesLeft: Int { limits.bytesMax - bytes }

    mutating func take(_ count: Int, _ name: String) throws(HelmFailure) {
        guard count <= limits.fileBytesMax else {
            throw HelmFailure(.limit, "chart file \"\(name)\" is larger than the maximum file size \(limits.fileBytesMax)")
        }
        bytes += count
        files += 1
        guard bytes <= limits.bytesMax else { throw HelmFailure(.limit, "the chart is larger than the maximum size \(limits.bytesMax)") }
        guard files <= limits.filesMax else { throw HelmFailure(.limit, "the chart has more than \(limits.filesMax) files") }
    }
}
