// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository

/// OpenSSH's own server on this machine, with keys that are made for it, which lets whoever runs the tests in.
///
/// `box.root` holds its files: `host_TYPE` (and `.pub`), `user_TYPE`, `authorized_keys`.
final class SSHServer: Sendable {
    static let program = "/usr/sbin/sshd"
    static let isAvailable = FileManager.default.isExecutableFile(atPath: program)

    let box: GitSandbox
    let port: Int
    let user = NSUserName()
    private let process: Process
    /// The server ends when this is closed, however the tests end; signals may be blocked in a child of a thread pool.
    private let input = Pipe()

    /// - Parameters:
    ///   - hostKeys: types as `ssh-keygen -t` has them.
    ///   - userKeys: the same, of keys that are let in.
    ///   - command: what is run whatever the client asks for.
    ///   - options: further lines of its settings.
    init(
        _ box: GitSandbox, hostKeys: [String] = ["ed25519"], userKeys: [String] = ["ed25519"], command: String? = nil,
        options: [String] = []
    ) async throws {
        self.box = box
        for type in hostKeys { try await Self.makeKey("host_\(type)", type: type, box) }
        for type in userKeys { try await Self.makeKey("user_\(type)", type: type, box) }
        let restriction = command.map { "command=\"\($0)\" " } ?? ""
        let lines = try userKeys.map { restriction + (try String(contentsOfFile: "\(box.root)/user_\($0).pub", encoding: .utf8)) }
        try box.write(lines.joined(), to: "\(box.root)/authorized_keys")
        // Debian's server wants this folder when it runs as root.
        if geteuid() == 0 { try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true) }
        var failure = ""
        for _ in 0..<5 {
            let port = try Self.freePort()
            let configuration =
                [
                    "Port \(port)", "ListenAddress 127.0.0.1", "PidFile none", "UsePAM no", "StrictModes no", "PermitRootLogin yes",
                    "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PubkeyAuthentication yes", "MaxStartups 100",
                    "AuthorizedKeysFile \(box.root)/authorized_keys",
                ] + hostKeys.map { "HostKey \(box.root)/host_\($0)" } + options
            try box.write(configuration.joined(separator: "\n") + "\n", to: "\(box.root)/sshd_config")
            let (process, said) = try Self.start(box, input)
            if said.contains("Server listening on") {
                self.process = process
                self.port = port
                return
            }
            failure = said
        }
        throw ProcessFailure(command: Self.program, output: failure)
    }

    deinit { try? input.fileHandleForWriting.close() }

    private static func makeKey(_ name: String, type: String, _ box: GitSandbox) async throws {
        try await box.run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", name, "-f", "\(box.root)/\(name)"], in: box.root)
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size) == 0 ? getsockname(descriptor, pointer, &size) : -1
            }
        }
        guard code == 0 else { throw ProcessFailure(command: "bind", output: String(cString: strerror(errno))) }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Starts the server, and reads what it says until it listens or ends.
    private static func start(_ box: GitSandbox, _ input: Pipe) throws -> (Process, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // A server in the background has no input of its own, so the shell's stays for `read`.
        let script = """
            "$1" -D -e -f "$2" >/dev/null & server=$!
            read -r line
            kill -9 $server
            """
        process.arguments = ["-c", script, "sh", program, "\(box.root)/sshd_config"]
        let output = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = output
        process.standardInput = input
        try process.run()
        var said = ""
        var line: [UInt8] = []
        while !["Server listening on", "Cannot bind", "fatal", "no hostkeys"].contains(where: said.contains), said.utf8.count < 65_536 {
            let byte = output.fileHandleForReading.readData(ofLength: 1)
            guard let value = byte.first else { break }
            line.append(value)
            guard value == UInt8(ascii: "\n") else { continue }
            said += String(decoding: line, as: UTF8.self)
            line = []
        }
        // What it says later goes nowhere.
        let handle = output.fileHandleForReading
        handle.readabilityHandler = { if $0.availableData.isEmpty { $0.readabilityHandler = nil } }
        return (process, said)
    }

    func publicKey(_ name: String) throws -> SSHPublicKey {
        let line = try String(contentsOfFile: "\(box.root)/\(name).pub", encoding: .utf8)
        guard let key = SSHPublicKey(line: line) else { throw ProcessFailure(command: "reading \(name).pub", output: line) }
        return key
    }

    func privateKey(_ name: String = "user_ed25519", passphrase: String? = nil) throws -> SSHPrivateKey {
        try SSHPrivateKey(Array(Data(contentsOf: URL(fileURLWithPath: "\(box.root)/\(name)"))), passphrase: passphrase)
    }

    /// The line by which the server is known.
    func knownHosts(_ type: String = "ed25519") throws -> KnownHosts {
        try KnownHosts(parsing: "[127.0.0.1]:\(port) \(publicKey("host_\(type)"))\n")
    }

    func settings(_ path: String? = nil, key: String = "user_ed25519", hostKey: String = "ed25519") throws -> RemoteSettings {
        RemoteSettings(
            url: "ssh://\(user)@127.0.0.1:\(port)\(path ?? box.remote)", credential: .key(try privateKey(key)),
            knownHosts: try knownHosts(hostKey))
    }
}
