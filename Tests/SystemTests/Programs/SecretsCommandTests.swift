// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import SecretsDecryption
import Testing

@testable import flotilla

@Suite("Secrets on the command line") struct SecretsCommandTests {
    private static let secret = """
        apiVersion: v1
        kind: Secret
        metadata: {name: db}
        stringData:
          password: "hunter2"
          port: "5432"

        """

    /// The real program, where it is installed: on the path, or where `FLOTILLA_SOPS` says.
    private static let sops: String? = {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["FLOTILLA_SOPS"] { return path }
        return (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/sops" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    private func flotilla(_ arguments: String...) async throws -> ProgramResult {
        try await run(try PackageFolder.program("flotilla"), ["secrets"] + arguments)
    }

    private func write(_ text: String, to path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
    private func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test("a key, a file encrypted for it, and the file in clear again")
    func roundTrip() async throws {
        try await withTemporaryFolder { folder in
            let (key, file) = ("\(folder)/a.agekey", "\(folder)/secret.yaml")
            let made = try await flotilla("keygen", "--output", key)
            let recipient = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(made.code == 0 && recipient.hasPrefix("age1"))
            #expect(try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int == 0o600)
            #expect(try await flotilla("keygen", "--output", key).code == 1)

            try write(Self.secret, to: file)
            let printed = try await flotilla("encrypt", file, "--age", recipient)
            #expect(printed.code == 0 && printed.output.contains("ENC[AES256_GCM,") && !printed.output.contains("hunter2"))
            #expect(try read(file) == Self.secret)
            let written = try await flotilla("encrypt", file, "--age", recipient, "--in-place")
            #expect(written.code == 0 && written.output.isEmpty)
            let sealed = try read(file)
            #expect(sealed.contains("name: db") && sealed.contains("password: ENC[") && !sealed.contains("hunter2"))

            let opened = try await flotilla("decrypt", file, "--identity", key)
            #expect(try YAML.documents(opened.output) == YAML.documents(Self.secret))
            let again = try await flotilla("encrypt", file, "--age", recipient)
            #expect(again.code == 1 && again.errors.contains("the document is encrypted already"))
            try write(sealed.replacing("name: db", with: "name: other"), to: file)
            let changed = try await flotilla("decrypt", file, "--identity", key)
            #expect(changed.code == 1 && changed.output.isEmpty && changed.errors.contains("restore it, or encrypt it again"))
        }
    }

    @Test("what is not a Secret needs to be told what to encrypt")
    func rule() async throws {
        try await withTemporaryFolder { folder in
            let file = "\(folder)/config.json"
            try write(
                #"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"token": "t0k3n", "a": "b"}}"#, to: file)
            let key = try await flotilla("keygen")
            let recipient = try #require(key.output.split(separator: "\n").first { $0.hasPrefix("# public key: ") }?.dropFirst(14))
            #expect(try await flotilla("encrypt", file, "--age", "\(recipient)").errors.contains("not only Secrets"))
            let sealed = try await flotilla("encrypt", file, "--age", "\(recipient)", "--encrypted-regex", "^token$")
            let value = try JSON.read(Array(sealed.output.utf8))
            #expect(value.at("data", "a") == "b" && value.at("data", "token").flatMap(\.string).map(SOPS.isEncryptedText) == true)
            let wrong = try await flotilla("encrypt", file, "--age", "age1nobody", "--encrypted-regex", "^token$")
            #expect(wrong.code == 1 && wrong.errors.contains("age1nobody"))
            #expect(try await flotilla("encrypt", file).code == 2)
        }
    }

    @Test(
        "stock sops reads what is encrypted here, and the other way round",
        .enabled(if: sops != nil, "sops is not on the path, nor named by FLOTILLA_SOPS"))
    func parity() async throws {
        try await withTemporaryFolder { folder in
            let (key, file) = ("\(folder)/a.agekey", "\(folder)/secret.yaml")
            let recipient = try await flotilla("keygen", "--output", key).output.trimmingCharacters(in: .whitespacesAndNewlines)
            try write(Self.secret, to: file)
            _ = try await flotilla("encrypt", file, "--age", recipient, "--in-place")
            let sops = try #require(Self.sops)
            let opened = try await run(sops, ["decrypt", file], environment: ["SOPS_AGE_KEY_FILE": key])
            #expect(try YAML.documents(opened.output) == YAML.documents(Self.secret), "\(opened.errors)")
            try write(Self.secret, to: file)
            let sealed = try await run(
                sops, ["encrypt", "--age", recipient, "--encrypted-regex", "^(data|stringData)$", "--in-place", file])
            #expect(sealed.code == 0, "\(sealed.errors)")
            #expect(try await YAML.documents(flotilla("decrypt", file, "--identity", key).output) == YAML.documents(Self.secret))
        }
    }

    @Test("the key of up is made once, and only its owner can read it")
    func localKey() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/age.key"
            let first = try LocalAgeKey.open(path, at: .epoch)
            #expect(try LocalAgeKey.open(path, at: .epoch) == first)
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
            try write("nonsense\n", to: path)
            #expect(throws: Failure.self) { try LocalAgeKey.open(path, at: .epoch) }
        }
    }

    @Test("texts are found in files, also across the borders of what is read at once")
    func fileSearch() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/below/file"
            try FileManager.default.createDirectory(atPath: "\(folder)/below", withIntermediateDirectories: true)
            for offset in [0, (1 << 20) - 3, (1 << 20) - 1, 1 << 20, (2 << 20) - 7] {
                try write(String(repeating: "x", count: offset) + "needle" + "yyy", to: path)
                #expect(FileSearch.holds(path, any: ["absent", "needle"]))
                #expect(!FileSearch.holds(path, any: ["absent", "needles"]))
            }
            #expect(try FileSearch.files(below: folder) == [path])
        }
    }
}
