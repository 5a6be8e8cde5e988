// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import GitRepository

@Suite("Known hosts") struct KnownHostsTests {
    private let key = SSHSigner.generate(comment: "").publicKey
    private let other = SSHSigner.generate(comment: "").publicKey

    @Test("names, patterns and ports decide, as in OpenSSH")
    func names() throws {
        func known(_ names: String, host: String = "git.example.com", port: Int = 22) throws -> Bool {
            try KnownHosts(parsing: "\(names) \(key) comment of three words\n").judge(host: host, port: port, key: key) == .known
        }
        #expect(try known("git.example.com"))
        #expect(try known("GIT.example.com", host: "git.EXAMPLE.com"))
        #expect(try known("other,git.example.com"))
        #expect(try known("*.example.com"))
        #expect(try known("git.example.co?"))
        #expect(try !known("*.example.com,!git.*"))
        #expect(try !known("!git.*,*.example.com"))
        #expect(try !known("example.com"))
        #expect(try known("[git.example.com]:2222", port: 2222))
        #expect(try !known("[git.example.com]:2222", port: 2223))
        #expect(try !known("[git.example.com]:2222"))
        #expect(try known("[*.example.com]:2222", port: 2222))
        // A line for ssh's own port is good for another one as long as no line names that.
        #expect(try known("git.example.com", port: 2222))
        #expect(try known("::1", host: "::1"))
        #expect(try known("[::1]:2222", host: "::1", port: 2222))
    }

    @Test("a line for the port itself outweighs the one for the host")
    func ports() throws {
        let hosts = try KnownHosts(parsing: "git.example.com \(key)\n[git.example.com]:2222 \(other)\n")
        #expect(hosts.judge(host: "git.example.com", port: 22, key: key) == .known)
        #expect(hosts.judge(host: "git.example.com", port: 2222, key: key) == .changed(line: 2))
        #expect(hosts.judge(host: "git.example.com", port: 2222, key: other) == .known)
    }

    @Test("an unknown key, a changed one and a revoked one are told apart")
    func verdicts() throws {
        let hosts = try KnownHosts(
            parsing: """
                # Our hosts.

                a.example \(key)
                a.example \(other)
                @revoked *.example,b \(other)
                b ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=
                """)
        #expect(hosts.judge(host: "a.example", port: 22, key: key) == .known)
        #expect(hosts.judge(host: "a.example", port: 22, key: other) == .revoked(line: 5))
        #expect(hosts.judge(host: "a.example", port: 22, key: SSHSigner.generate(comment: "").publicKey) == .changed(line: 3))
        #expect(hosts.judge(host: "b", port: 22, key: key) == .unknown(otherTypes: ["ecdsa-sha2-nistp256"]))
        #expect(hosts.judge(host: "b", port: 2, key: other) == .revoked(line: 5))
        #expect(hosts.judge(host: "c", port: 22, key: key) == .unknown(otherTypes: []))
        #expect(hosts.types(host: "a.example", port: 22) == ["ssh-ed25519"])
        #expect(KnownHosts().isEmpty && !hosts.isEmpty)
    }

    @Test(
        "a line that cannot be used is named",
        arguments: [
            "host", "host ssh-ed25519", "host ssh-ed25519 !!!!", "host ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==",
            "@unknown host ssh-ed25519 AAAA",
            "@cert-authority *.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "|1|AAAA|BBBB ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
            "|2|x|y ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "host 2048 65537 1234567",
        ])
    func unreadable(line: String) {
        #expect {
            _ = try KnownHosts(parsing: "# hosts\n\(line)\n", name: "hosts")
        } throws: { error in
            guard case .invalid(let place, let reason) = error as? GitError else { return false }
            return place == "hosts:2" && (!line.hasPrefix("@cert") || reason.contains("certificates are not supported"))
        }
    }

    @Test("random bytes and damaged lines are read or refused, and nothing else")
    func random() throws {
        var generator = SystemRandomNumberGenerator()
        let seed = Array("@revoked [a.example]:22,!b* \(key)\n|1|\(Base64.encode(Array(repeating: 1, count: 20)))|".utf8)
        for round in 0..<2_000 {
            var bytes = round % 2 == 0 ? seed : (0..<Int.random(in: 0...200)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            for _ in 0..<3 where !bytes.isEmpty { bytes[Int.random(in: 0..<bytes.count)] = UInt8.random(in: 0...255, using: &generator) }
            guard let hosts = try? KnownHosts(parsing: String(decoding: bytes, as: UTF8.self)) else { continue }
            _ = hosts.refusal(host: "a.example", port: 22, key: key)
        }
        #expect(throws: GitError.self) { try KnownHosts(parsing: String(repeating: "#", count: 2 << 20)) }
    }

    @Test("ssh locations are read as Git reads them")
    func locations() throws {
        func location(_ url: String) throws -> SSHLocation? {
            guard case .shell(let location) = try RemoteSettings(url: url).location() else { return nil }
            return location
        }
        let full = try #require(try location("ssh://ada@Git.Example.com:2222/team/shop%20x.git"))
        #expect(full.user == "ada" && full.host == "git.example.com" && full.port == 2222 && full.path == "/team/shop x.git")
        #expect(full.knownName == "[git.example.com]:2222")
        let plain = try #require(try location("ssh://git.example.com/shop.git"))
        #expect(plain.user == "git" && plain.port == 22 && plain.knownName == "git.example.com")
        #expect(try location("ssh://h/~ada/x")?.path == "~ada/x")
        #expect(try location("ssh://git@[::1]:22/x")?.host == "::1")
        #expect(try location("ssh://git@[::1]/x")?.host == "::1")
        let short = try #require(try location("git@host:team/it's!.git"))
        #expect(short.host == "host" && short.path == "team/it's!.git" && short.port == 22)
        #expect(short.command("git-upload-pack") == "git-upload-pack 'team/it'\\''s'\\!'.git'")
        #expect(try location("host:/x")?.path == "/x")
        #expect(try location("ada@[::1]:x")?.host == "::1")
        for url in [
            "ssh://host", "ssh://host/", "ssh:///x", "ssh://-oProxyCommand=x/y", "ssh://-u@host/x", "host:-x", "host:", "@host:x",
            "ssh://u:secret@host/x", "ssh://host:0/x", "ssh://host:x/y", "ssh://host:70000/y", "ssh://a b/x", "ssh://host/%00",
            "ssh://host/a%0ab",
        ] {
            #expect(throws: GitError.self, "\(url)") { try location(url) }
        }
        #expect {
            _ = try location("ssh://u:secret@host/x")
        } throws: { !"\($0)".contains("secret") }
    }

    @Test("nothing of a private key is in its description, nor in a dump of the settings")
    func secrets() throws {
        let file = SSHSigner.generate(comment: "").privateKeyFile
        let key = try SSHPrivateKey(Array(file.utf8), passphrase: "open sesame")
        let settings = RemoteSettings(url: "ssh://h/x", credential: .key(key))
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), dumped, "\(key)", String(reflecting: key)] {
            #expect(!text.contains("sesame") && !text.contains(file.split(separator: "\n")[2]) && !text.contains("45, 45"))
        }
        let fingerprint = try #require(key.publicKey).fingerprint
        #expect(key.type == "ssh-ed25519" && "\(key)".contains(fingerprint))
        #expect(throws: GitError.self) {
            try RemoteSettings(url: "ssh://h/x", credential: .token(username: "git", password: "t")).location()
        }
        #expect(throws: GitError.self) { try RemoteSettings(url: "https://h/x", credential: .key(key)).location() }
        for text in [
            "", "x", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
            "-----BEGIN DSA PRIVATE KEY-----\n-----END DSA PRIVATE KEY-----",
        ] {
            #expect(throws: GitError.self) { try SSHPrivateKey(Array(text.utf8)) }
        }
    }
}
