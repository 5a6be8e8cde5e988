// SPDX-License-Identifier: Apache-2.0
import FleetAgent
import Glibc
import Logging
import Manifests

/// Writes log lines to standard error: time, level, text.
struct LineLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = "\(AgentClock.system.wall().rfc3339) \(event.level.rawValue) \(event.message)"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(value)" }
        line += "\n"
        let bytes = Array(line.utf8)
        // One call, so that lines of several threads do not mix.
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
