// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// Certificates and a TLS server by the `openssl` command.
enum OpenSSL {
    static var isInstalled: Bool { access("/usr/bin/openssl", X_OK) == 0 }

    struct Failure: Error { let text: String }

    private static func process(_ arguments: [String], output: Pipe? = nil) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        if let output { process.standardOutput = output } else { process.standardOutput = FileHandle.nullDevice }
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// A folder with a certificate authority, a server's certificate for `localhost` and a client's.
    final class Keys: Sendable {
        private let folder: String

        init() throws {
            folder = NSTemporaryDirectory() + "flotilla-tls-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try run(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=Test CA",
                "-keyout", path("ca.key"), "-out", path("ca.pem"))
            for (name, subject) in [("server", "localhost"), ("client", "agent")] {
                try run(
                    "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(subject)",
                    "-addext", "subjectAltName=DNS:\(subject)", "-keyout", path("\(name).key"), "-out", path("\(name).csr"))
                try run(
                    "x509", "-req", "-in", path("\(name).csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial",
                    "-days", "2", "-copy_extensions", "copy", "-out", path("\(name).pem"))
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func path(_ name: String) -> String { "\(folder)/\(name)" }
        func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

        /// Starts a server that answers every request with a page, and waits until it accepts connections.
        func serve(_ more: String...) throws -> Server {
            try Server(["-www", "-cert", path("server.pem"), "-key", path("server.key")] + more)
        }

        private func run(_ arguments: String...) throws {
            let process = try OpenSSL.process(arguments)
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw Failure(text: "openssl \(arguments.joined(separator: " "))") }
        }
    }

    final class Server: Sendable {
        let port: UInt16
        /// Sendable because nothing changes it after `init` but the last owner's `deinit`.
        private struct Child: @unchecked Sendable {
            let process: Process
            let output: Pipe
        }
        private let child: Child

        init(_ arguments: [String]) throws {
            let output = Pipe()
            let process = try OpenSSL.process(["s_server", "-accept", "localhost:0"] + arguments, output: output)
            child = Child(process: process, output: output)
            var text = ""
            while true {
                let data = output.fileHandleForReading.availableData
                text += String(decoding: data, as: UTF8.self)
                // "ACCEPT 127.0.0.1:38703" on a line of its own, once it listens.
                if let line = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().first(where: {
                    $0.hasPrefix("ACCEPT ")
                }),
                    let number = line.split(separator: ":").last.flatMap({ UInt16($0) })
                {
                    port = number
                    return
                }
                guard !data.isEmpty else { break }
            }
            kill(process.processIdentifier, SIGKILL)
            throw Failure(text: "openssl s_server does not listen: \(text)")
        }

        // Not SIGTERM: a child started from a thread that blocks it inherits that.
        deinit { kill(child.process.processIdentifier, SIGKILL) }
    }
}
