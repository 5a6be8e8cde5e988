// SPDX-License-Identifier: Apache-2.0
import PostgresClient

extension EventRows {
    /// One page, newest first; the key is the event's number.
    static func page(
        _ session: Session, _ sight: Sight, _ filter: Filter, before: Int64?, pageLimit limit: Int
    ) throws -> Page<FleetEvent> {
        Page(try page(session, sight, filter, before: before, limit: limit + 1), limit: limit) { String($0.id) }
    }
}
