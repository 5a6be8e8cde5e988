// SPDX-License-Identifier: Apache-2.0
import Glibc
import Threads

/// Asks for secrets at the terminal, without showing what is typed.
enum PasswordPrompt {
    private static let bytesMax = 4_096

    /// A password from a file, its first line, or else from the terminal.
    static func password(file: String?, prompt: String) async throws -> String {
        if let file { return try fromFile(file) }
        return try await ask(prompt)
    }

    /// A new password: typed twice, so that a slip does not become one.
    static func newPassword(for account: String) async throws -> String {
        let first = try await ask("New password for \(account): ")
        guard try await ask("Again: ") == first else { throw Failure("the two passwords differ; nothing was changed") }
        return first
    }

    /// The first line, without its end; `-` is standard input.
    static func fromFile(_ path: String) throws(Failure) -> String {
        let bytes = try LocalFile.read(path == "-" ? "/dev/stdin" : path, limit: bytesMax)
        let line = String(decoding: bytes, as: UTF8.self).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).first
        guard let line, !line.isEmpty else { throw Failure("\(path): there is no password in this file") }
        return String(line)
    }

    /// Asks for a line that is shown as it is typed.
    static func line(_ prompt: String) async throws -> String { try await ask(prompt, isShown: true) }

    private static func ask(_ prompt: String, isShown: Bool = false) async throws -> String {
        let thread = ThreadExecutor(name: "terminal")
        defer { thread.stop() }
        return try await thread.run { try read(prompt, isShown: isShown) }
    }

    private static func read(_ prompt: String, isShown: Bool) throws -> String {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else {
            throw Failure("there is no terminal to ask at", hint: "name the account with --account and a --password-file, which may be -")
        }
        defer { close(terminal) }
        Terminal.write(prompt, to: terminal)
        var settings = termios()
        let isKnown = tcgetattr(terminal, &settings) == 0
        if isKnown, !isShown {
            var silent = settings
            silent.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(terminal, TCSAFLUSH, &silent)
        }
        defer {
            if isKnown, !isShown {
                tcsetattr(terminal, TCSAFLUSH, &settings)
                Terminal.write("\n", to: terminal)
            }
        }
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < bytesMax {
            let count = Glibc.read(terminal, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != UInt8(ascii: "\n") else { break }
            bytes.append(byte)
        }
        guard !bytes.isEmpty else { throw Failure("nothing was typed") }
        return String(decoding: bytes, as: UTF8.self)
    }
}
