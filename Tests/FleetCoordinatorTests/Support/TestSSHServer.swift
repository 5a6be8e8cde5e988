// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository

/// OpenSSH's own server on a free port of this machine, which lets one key of whoever runs the tests in.
final class TestSSHServer: Sendable {
    static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/sbin/sshd")

    struct Unusable: Error { var output: String }

    let folder: String
    let port: Int
    private let process: Process
    /// The server ends when this is closed, however the tests end.
    private let input = Pipe()

    /// - Parameter folder: where keys and settings are kept; it must be there.
    init(_ folder: String) throws {
        self.folder = folder
        for name in ["host", "user"] {
            _ = try Self.run("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", "\(folder)/\(name)"])
        }
        try FileManager.default.copyItem(atPath: "\(folder)/user.pub", toPath: "\(folder)/authorized_keys")
        // Debian's server wants this folder when it runs as root.
        if geteuid() == 0 { try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true) }
        var said = ""
        for _ in 0..<10 {
            let port = Int.random(in: 20_000...60_000)
            let settings = [
                "Port \(port)", "ListenAddress 127.0.0.1", "PidFile none", "UsePAM no", "StrictModes no", "PermitRootLogin yes",
                "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PubkeyAuthentication yes", "MaxStartups 100",
                "AuthorizedKeysFile \(folder)/authorized_keys", "HostKey \(folder)/host",
            ]
            try Data((settings.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: "\(folder)/sshd_config"))
            let process: Process
            (process, said) = try Self.start(folder, input)
            if said.contains("Server listening on") {
                self.process = process
                self.port = port
                return
            }
        }
        throw Unusable(output: said)
    }

    deinit { try? input.fileHandleForWriting.close() }

    /// A repository of this machine, over ssh.
    func url(_ path: String) -> String { "ssh://\(NSUserName())@127.0.0.1:\(port)\(path)" }

    func settings(_ path: String) throws -> RemoteSettings {
        let host = try String(contentsOfFile: "\(folder)/host.pub", encoding: .utf8)
        let key = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/user"))
        return RemoteSettings(
            url: url(path), credential: .key(try SSHPrivateKey(Array(key))),
            knownHosts: try KnownHosts(parsing: "[127.0.0.1]:\(port) \(host)"))
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Unusable(output: "\(program) failed") }
        return 0
    }

    /// Starts the server, and reads what it says until it listens or ends.
    private static func start(_ folder: String, _ input: Pipe) throws -> (Process, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // A server in the background has no input of its own, so the shell's stays for `read`.
        process.arguments = [
            "-c", "/usr/sbin/sshd -D -e -f \"$1\" >/dev/null & server=$!; read -r line; kill -9 $server", "sh", "\(folder)/sshd_config",
        ]
        let output = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = output
        process.standardInput = input
        try process.run()
        var said = ""
        while !["Server listening on", "Cannot bind", "fatal", "no hostkeys"].contains(where: said.contains), said.utf8.count < 65_536 {
            let bytes = output.fileHandleForReading.availableData
            if bytes.isEmpty { break }
            said += String(decoding: bytes, as: UTF8.self)
        }
        // What it says later goes nowhere.
        output.fileHandleForReading.readabilityHandler = { if $0.availableData.isEmpty { $0.readabilityHandler = nil } }
        return (process, said)
    }
}
