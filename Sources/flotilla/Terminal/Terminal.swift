// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Standard output and error, written at once and whole.
enum Terminal {
    /// Whether standard output is a terminal.
    static let isInteractive = isatty(STDOUT_FILENO) == 1

    /// How standard output is to be coloured: only on terminals, and not where NO_COLOR (no-color.org) or a dumb terminal says no.
    static let style = Style(
        isColoured: isInteractive && (Environment["NO_COLOR"] ?? "").isEmpty && Environment["TERM"] != "dumb")

    /// Writes a line.
    static func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    /// Writes an error as `flotilla: error: …`.
    static func complain(_ message: String) { write("flotilla: error: \(message)\n", to: STDERR_FILENO) }

    /// Writes a remark that is no result to standard error.
    static func note(_ message: String) { write("flotilla: \(message)\n", to: STDERR_FILENO) }

    /// Begins a new picture in the place of the last one.
    static func clear() { write("\u{1B}[H\u{1B}[2J", to: STDOUT_FILENO) }

    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                // The reader has gone, as `head` does: there is nobody to tell any more.
                if errno == EPIPE, descriptor == STDOUT_FILENO { exit(ProgramExit.failed.rawValue) }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// The process's environment variables.
enum Environment {
    /// `nil` where there is none; an empty one counts as none.
    static subscript(name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}
