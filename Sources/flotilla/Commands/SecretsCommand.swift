// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import Manifests
import SecretsDecryption
import Threads

struct SecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "Make keys, and encrypt and decrypt Secrets as SOPS does.",
        subcommands: [SecretsKeygen.self, SecretsEncrypt.self, SecretsDecrypt.self])
}

struct SecretsKeygen: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make an age key.",
        discussion: """
            Prints an identities file, as `age-keygen` does: the key, and as a comment its recipient, age1…, which is public.

            Examples:
              flotilla secrets keygen --output staging.agekey
              kubectl create secret generic flotilla-age-keys -n flotilla-system --from-file=staging.agekey
            """)

    @Option(help: ArgumentHelp("Write it to this file, which must not exist, readable for you alone.", valueName: "file"))
    var output: String?

    func run() throws {
        var random = SystemRandomNumberGenerator()
        let identity = try AgeIdentity.generate(using: &random)
        let text = identity.fileText(createdAt: SystemTime.now)
        if let output {
            guard !LocalFile.exists(output) else {
                throw Failure("\(output): is there already", hint: "a key that is overwritten is lost, and all that was encrypted for it")
            }
            try LocalFile.write(Array(text.utf8), to: output, mode: 0o600)
            Terminal.print("\(identity.recipient)")
        } else {
            Terminal.write(text, to: STDOUT_FILENO)
            Terminal.note("the recipient is \(identity.recipient)")
        }
    }
}

struct SecretsEncrypt: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encrypt",
        abstract: "Encrypt the values of a manifest for age keys.",
        discussion: """
            The result is a SOPS file, YAML or JSON as FILE is: `sops edit` and the like work on it. Of Secrets the members of data and \
            stringData are encrypted; for other kinds --encrypted-regex says of which keys. Comments in YAML are not kept.

            Examples:
              flotilla secrets encrypt secret.yaml --age age1… --in-place
              flotilla secrets encrypt config.yaml --age age1…,age1… --encrypted-regex '^(password|token)$'
            """)

    @Argument(help: "A manifest in clear.")
    var file: String

    @Option(help: ArgumentHelp("Whom to encrypt for. Repeatable, or with commas.", valueName: "recipient"))
    var age: [String] = []

    @Option(help: ArgumentHelp("Encrypt what is under keys that match.", valueName: "regex"))
    var encryptedRegex: String?

    @Flag(help: "Write the result to FILE instead of printing it.")
    var inPlace = false

    func validate() throws {
        if age.isEmpty { throw ValidationError("say with --age for whom to encrypt") }
    }

    func run() throws {
        let manifest = try ManifestFile(path: file)
        guard encryptedRegex != nil || manifest.documents.allSatisfy({ $0["kind"] == "Secret" }) else {
            throw Failure(
                "\(file): not only Secrets: say what is to be encrypted", hint: "for example --encrypted-regex '^(password|token)$'")
        }
        var random = SystemRandomNumberGenerator()
        let recipients = age.flatMap { $0.split(separator: ",").map(String.init) }
        let documents = try manifest.saying {
            try SOPS.encrypt(
                documents: manifest.documents.filter { !$0.isNull }, for: recipients,
                rule: encryptedRegex.map(EncryptionRule.encryptedRegex) ?? .secretData, using: &random, at: SystemTime.now)
        }
        let text = manifest.text(of: documents)
        if inPlace { try manifest.replace(by: text) } else { Terminal.write(text, to: STDOUT_FILENO) }
    }
}

struct SecretsDecrypt: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decrypt",
        abstract: "Print what a SOPS file holds, in clear.",
        discussion: """
            Checks the file's code (MAC) first. The key is only ever taken from --identity.

            Examples:
              flotilla secrets decrypt secret.yaml --identity staging.agekey
              flotilla secrets decrypt environments/staging/api/database.yaml --identity ~/.local/share/flotilla/age.key
            """)

    @Argument(help: "An encrypted manifest.")
    var file: String

    @Option(help: ArgumentHelp("A file with age keys.", valueName: "file"))
    var identity: String

    func run() throws {
        let manifest = try ManifestFile(path: file)
        let keys = String(decoding: try LocalFile.read(identity, limit: 64 << 10), as: UTF8.self)
        let identities: Identities
        do { identities = try Identities(parsing: keys) } catch { throw Failure("\(identity): \(error)") }
        let documents = try manifest.saying {
            try SOPS.decrypt(document: manifest.bytes, format: manifest.isJSON ? .json : .yaml, identities: identities)
        }
        Terminal.write(manifest.text(of: documents), to: STDOUT_FILENO)
    }
}

/// A manifest that is encrypted or decrypted: YAML or, by its name, JSON.
private struct ManifestFile {
    let path: String
    let bytes: [UInt8]
    let documents: [Value]
    var isJSON: Bool { path.hasSuffix(".json") }

    /// As SOPS reads: `yes` and `on` are texts.
    init(path: String) throws {
        self.path = path
        bytes = try LocalFile.read(path, limit: 8 << 20)
        do throws(DocumentError) {
            documents = path.hasSuffix(".json") ? [try JSON.read(bytes)] : try YAML.documents(bytes, scalars: .kustomize)
        } catch {
            throw Failure("\(path):\(error.line):\(error.column): \(error.message)")
        }
    }

    func text(of documents: [Value]) -> String {
        guard isJSON, let document = documents.first else { return YAML.write(documents: documents) }
        return JSON.text(document, pretty: true) + "\n"
    }

    func replace(by text: String) throws {
        let mode = FileStatus(path: path)?.permissions ?? 0o644
        try LocalFile.write(Array(text.utf8), to: path, mode: mode)
    }

    /// Says of which file an error is.
    func saying<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw Failure("\(path): \(error)") }
    }
}
