// SPDX-License-Identifier: Apache-2.0
import Foundation
import Threads

/// How a program ended and what it said.
struct ProgramResult: Sendable {
    var code: Int32
    var output: String
    var errors: String
}

/// Runs a program to its end, on a thread that may block.
func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], folder: String = PackageFolder.path
) async throws -> ProgramResult {
    let thread = ThreadExecutor(name: "program")
    defer { thread.stop() }
    return try await thread.run {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files, not pipes: a full pipe would stop a program whose other stream is being read.
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("flotilla-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        var files: [URL] = []
        for name in ["output", "errors"] {
            let file = scratch.appendingPathComponent(name)
            _ = FileManager.default.createFile(atPath: file.path, contents: nil)
            files.append(file)
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        process.waitUntilExit()
        return ProgramResult(
            code: process.terminationStatus, output: try String(contentsOf: files[0], encoding: .utf8),
            errors: try String(contentsOf: files[1], encoding: .utf8))
    }
}

/// A folder that is removed when the test is over.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flotilla-system-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path)
}
