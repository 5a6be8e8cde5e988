// SPDX-License-Identifier: Apache-2.0

/// How much memory a process uses, as Linux counts it.
struct ProcessMemory: Sendable, Equatable {
    /// Pages of its own, backed by no file.
    var anonymousKiB: Int64
    /// All its pages in memory, those shared with others too.
    var residentKiB: Int64

    /// Reads `/proc/PID/status` (proc_pid_status(5)); `nil` where there is no such process.
    init?(of process: Int32) {
        guard let bytes = try? LocalFile.read("/proc/\(process)/status", limit: 64 << 10) else { return nil }
        self.init(status: String(decoding: bytes, as: UTF8.self))
    }

    init?(status: String) {
        func value(_ key: String) -> Int64? {
            status.split(separator: "\n").first { $0.hasPrefix("\(key):") }
                .flatMap { Int64($0.dropFirst(key.count + 1).filter(\.isNumber)) }
        }
        guard let anonymous = value("RssAnon"), let resident = value("VmRSS") else { return nil }
        anonymousKiB = anonymous
        residentKiB = resident
    }
}
