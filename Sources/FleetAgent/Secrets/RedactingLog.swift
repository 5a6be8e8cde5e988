// SPDX-License-Identifier: Apache-2.0
import Logging

/// Hides secrets in log lines before anybody writes them.
struct RedactingLog: LogHandler {
    private var inner: any LogHandler
    private let mask: SecretMask

    init(_ inner: any LogHandler, _ mask: SecretMask) {
        self.inner = inner
        self.mask = mask
    }

    var logLevel: Logger.Level {
        get { inner.logLevel }
        set { inner.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { inner.metadata }
        set { inner.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { inner[metadataKey: key] }
        set { inner[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        var event = event
        event.message = Logger.Message(stringLiteral: mask.redact("\(event.message)"))
        if let error = event.error {
            event.metadata = (event.metadata ?? [:]).merging(["error": "\(error)"]) { _, new in new }
            event.error = nil
        }
        event.metadata = event.metadata?.mapValues { .string(mask.redact("\($0)")) }
        inner.log(event: event)
    }
}

extension Logger {
    /// The same logger with secrets hidden in what it writes.
    func redacting(by mask: SecretMask) -> Logger {
        var logger = self
        logger.handler = RedactingLog(handler, mask)
        return logger
    }
}
