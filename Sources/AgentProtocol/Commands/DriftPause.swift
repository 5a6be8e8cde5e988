// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// An application on one cluster is not healed for a while; what differs is still seen and told.
///
/// It is a level, not a command: polls compare the whole list with the one that the agent holds.
package struct DriftPause: Sendable, Hashable {
    package var application: String
    /// When it ends, by itself.
    package var until: Timestamp
    package var reason: String
    package var requestedBy: String

    package static let countMax = 10_000
    /// The longest that one lasts; seconds.
    package static let secondsMax: Int64 = 7 * 86_400

    package init(application: String, until: Timestamp, reason: String, requestedBy: String) {
        self.application = application
        self.until = until
        self.reason = reason
        self.requestedBy = requestedBy
    }

    package var json: Value {
        .map([
            "application": .string(application), "until": .string(until.rfc3339), "reason": .string(reason),
            "requestedBy": .string(requestedBy),
        ])
    }

    package init(json value: Value, at path: String) throws(ShapeError) {
        let fields = try Fields(value, at: path)
        application = try fields.string("application")
        until = try fields.time("until")
        reason = String(try fields.optionalString("reason")?.prefix(Report.textMax) ?? "")
        requestedBy = String(try fields.optionalString("requestedBy")?.prefix(200) ?? "")
    }
}
