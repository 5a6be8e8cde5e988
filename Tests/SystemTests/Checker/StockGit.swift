// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Git as everybody has it, on one repository. Every call blocks: use it on a thread of your own.
struct StockGit: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var command: String
        var output: String
        var description: String { "git \(command): \(output)" }
    }

    let repository: String

    @discardableResult
    func callAsFunction(_ arguments: String...) throws -> String { try run(arguments) }

    /// What Git prints, without the last line break.
    @discardableResult
    func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", repository] + arguments
        var environment = ProcessInfo.processInfo.environment
        for role in ["AUTHOR", "COMMITTER"] {
            environment["GIT_\(role)_NAME"] = "Ada Developer"
            environment["GIT_\(role)_EMAIL"] = "ada@example.com"
        }
        environment["GIT_CONFIG_GLOBAL"] = "/dev/null"
        environment["GIT_CONFIG_NOSYSTEM"] = "1"
        environment["GIT_TERMINAL_PROMPT"] = "0"
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        var text = String(decoding: data, as: UTF8.self)
        if text.hasSuffix("\n") { text.removeLast() }
        guard process.terminationStatus == 0 else { throw Failure(command: arguments.joined(separator: " "), output: text) }
        return text
    }

    /// The commit that a reference names; `nil` where there is none.
    func commit(_ reference: String) throws -> String? {
        let text = try run(["for-each-ref", "--format=%(objectname)", reference])
        return text.isEmpty ? nil : text
    }
}
