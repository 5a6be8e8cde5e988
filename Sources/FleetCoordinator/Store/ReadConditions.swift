// SPDX-License-Identifier: Apache-2.0

/// How what is desired of an application on a cluster compares with what its agent last said.
enum Condition: String, Sendable {
    case current, progressing, failed

    /// The condition in SQL, over `desired d left join observed o`. A report of another generation says nothing about this one.
    static let sql = """
        (case when (o.epoch, o.counter) = (d.epoch, d.counter) then
            case when o.phase in ('failed', 'held') or o.health = 'Failed' then 'failed'
              when (d.intent = 'apply' and o.phase = 'synced' and o.health = 'Current') or (d.intent <> 'apply' and o.phase = 'removed')
              then 'current' else 'progressing' end
          else 'progressing' end)
        """

    static let join = "desired d left join observed o on o.cluster = d.cluster and o.application = d.application"
}

/// How many of something are in which condition.
struct ConditionCounts: Sendable, Equatable {
    var total = 0
    var current = 0
    var progressing = 0
    var failed = 0
}

/// One page of a list: its items, and the key that the next page begins after.
struct Page<Item: Sendable>: Sendable {
    var items: [Item]
    var next: String?

    /// Takes up to `limit + 1` items as read; the last one only shows that there are more.
    init(_ read: [Item], limit: Int, key: (Item) -> String) {
        items = Array(read.prefix(limit))
        next = read.count > limit ? items.last.map(key) : nil
    }

    init(items: [Item], next: String?) {
        self.items = items
        self.next = next
    }
}
