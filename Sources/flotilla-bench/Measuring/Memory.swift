// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The resident memory of this process.
enum Memory {
    /// The most that was ever resident since the last reset; bytes.
    static var peak: Int { (status("VmHWM:") ?? 0) * 1_024 }

    /// Begins a new measurement; where the kernel does not allow it, the old one goes on.
    static func resetPeak() {
        let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = write(file, "5", 1)
    }

    /// A figure of `/proc/self/status`, in KiB.
    private static func status(_ field: String) -> Int? {
        guard let file = fopen("/proc/self/status", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard text.hasPrefix(field) else { continue }
            return text.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
        }
        return nil
    }
}
