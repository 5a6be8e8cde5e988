// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The real programs, where they are installed: on the path, or where `FLOTILLA_SOPS` and `FLOTILLA_AGE` say.
enum Programs {
    static let sops = find("sops", variable: "FLOTILLA_SOPS")
    static let age = find("age", variable: "FLOTILLA_AGE")

    private static func find(_ name: String, variable: String) -> String? {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment[variable] { return path }
        return (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// What the program prints.
    static func run(_ program: String?, _ arguments: [String], environment: [String: String] = [:]) throws -> [UInt8] {
        guard let program else { throw Failure(description: "not installed") }
        return try withTemporaryFolder { folder in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder].merging(environment) { $1 }
            // Files, not pipes: a full pipe would stop a program whose other stream is being read.
            for name in ["output", "errors"] { _ = FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: nil) }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle(forWritingAtPath: "\(folder)/output")
            process.standardError = FileHandle(forWritingAtPath: "\(folder)/errors")
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw Failure(description: try String(contentsOfFile: "\(folder)/errors", encoding: .utf8))
            }
            return Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/output")))
        }
    }

    /// A folder that is removed when the body is over.
    static func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flotilla-secrets-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    static func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
}
