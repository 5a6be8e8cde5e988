// SPDX-License-Identifier: Apache-2.0
import Logging
import Synchronization

/// Listens to what the coordinator says of each plan's renders: when it knew which ones a commit affects.
final class RenderLog: Sendable {
    struct Entry: Sendable {
        /// When the affected renders were known, on the monotonic clock.
        var knownAt: Double
        /// How long it took to find them, in seconds.
        var finding: Double
    }

    private let entries = Mutex<[String: Entry]>([:])

    func entry(of release: String) -> Entry? { entries.withLock { $0[release] } }

    /// A logger that is silent otherwise.
    var logger: Logger {
        var logger = Logger(label: "flotilla-bench") { _ in Handler(log: self) }
        logger.logLevel = .debug
        return logger
    }

    private func note(_ metadata: Logger.Metadata) {
        let now = Clock.monotonic
        func seconds(_ key: String) -> Double { (metadata[key].flatMap { Double("\($0)") } ?? 0) / 1_000 }
        guard let release = metadata["release"] else { return }
        let finding = seconds("affected_milliseconds")
        let entry = Entry(knownAt: now - (seconds("milliseconds") - finding), finding: finding)
        entries.withLock { $0["\(release)"] = entry }
    }

    private struct Handler: LogHandler {
        let log: RenderLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        func log(event: LogEvent) {
            if "\(event.message)" == "rendered", let metadata = event.metadata { log.note(metadata) }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
    }
}
