// SPDX-License-Identifier: Apache-2.0

/// Which plan a stage may have next, from what its predecessors have verified.
package enum Offering {
    /// The newest sequence that every predecessor has verified and that has not been offered here; `nil` when there is none.
    ///
    /// A stage without predecessors takes `latest`, the newest plan of the pipeline.
    package static func next(for stage: Stage, after predecessors: [Stage], latest: Int64?) -> Int64? {
        let newest: Int64?
        if let first = predecessors.first {
            let common = predecessors.dropFirst().reduce(into: Set(first.verifiedSequences)) { $0.formIntersection($1.verifiedSequences) }
            newest = common.max()
        } else {
            newest = latest
        }
        guard let newest, newest > stage.offered else { return nil }
        return newest
    }
}
