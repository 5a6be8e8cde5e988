// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What this process uses, as Linux counts it.
struct ProcessUse: Sendable, Hashable {
    var cpuSeconds = 0.0
    var residentBytes = 0
    /// Without what is mapped from files: what counts against a container's limit in the first place.
    var anonymousBytes = 0
    var openFiles = 0

    static func now() -> ProcessUse {
        var use = ProcessUse()
        use.read(status: contents("/proc/self/status"))
        use.read(stat: contents("/proc/self/stat"), ticksPerSecond: Double(max(1, sysconf(Int32(_SC_CLK_TCK)))))
        // The one that reads the folder is among them.
        use.openFiles = max(0, Folder.names("/proc/self/fd").count - 1)
        return use
    }

    mutating func read(status: String) {
        for line in status.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == ":" }
            guard words.count > 1, let kilobytes = Int(words[1]) else { continue }
            if words[0] == "VmRSS" { residentBytes = kilobytes * 1_024 }
            if words[0] == "RssAnon" { anonymousBytes = kilobytes * 1_024 }
        }
    }

    /// proc(5): the program's name is in parentheses and may have any character; utime and stime are the 14th and 15th fields.
    mutating func read(stat: String, ticksPerSecond: Double) {
        guard let end = stat.lastIndex(of: ")") else { return }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return }
        cpuSeconds = (user + system) / ticksPerSecond
    }

    /// Files of /proc say that they are empty: read until nothing comes.
    private static func contents(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8_192)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if got <= 0 { break }
            count += got
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
