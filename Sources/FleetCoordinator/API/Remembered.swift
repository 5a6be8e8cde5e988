// SPDX-License-Identifier: Apache-2.0
import Manifests

/// A value that is costly to find out, kept for a moment: however many ask, it is found out once at a time.
actor Remembered<Value: Sendable> {
    private let milliseconds: Int64
    private let time: WallTime
    private let find: @Sendable () async throws -> Value
    private var known: (value: Value, at: Timestamp)?
    private var search: Task<Value, any Error>?

    /// - Parameter milliseconds: how old a value may be that is given out.
    init(milliseconds: Int64, time: WallTime, _ find: @escaping @Sendable () async throws -> Value) {
        self.milliseconds = milliseconds
        self.time = time
        self.find = find
    }

    func value() async throws -> Value {
        if let known, time.now.milliseconds - known.at.milliseconds < milliseconds { return known.value }
        if let search { return try await search.value }
        let find = find
        // Shared by all who ask meanwhile: it must not end with the first one's task.
        let search = Task { try await find() }
        self.search = search
        defer { self.search = nil }
        let value = try await search.value
        known = (value, time.now)
        return value
    }
}
