// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import HTTPTransport
import Manifests

struct Login: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign in to a coordinator on this machine.",
        discussion: """
            Asks for the password of a local account, or shows a code that you confirm in a browser with --provider, and keeps an API token that is made for this machine, in \
            $XDG_CONFIG_HOME/flotilla/credentials.json (or the file that FLOTILLA_CONFIG names), which only you may read. Other commands \
            find it there by the coordinator's URL. `flotilla logout` revokes it.

            Examples:
              flotilla login --server https://flotilla.example
              flotilla login --account anna --password-file secret --expires 8h
              flotilla login --provider keycloak
            """)

    @Option(help: "The account. (default: asked for)")
    var account: String?

    @Option(help: ArgumentHelp("The file with the password, - for standard input. (default: asked for)", valueName: "file"))
    var passwordFile: String?

    @Option(help: ArgumentHelp("The identity provider to sign in with, instead of a local account.", valueName: "name"))
    var provider: String?

    @Option(help: ArgumentHelp("How long it lasts: 8h, 30d, at most 365d.", valueName: "span"))
    var expires = TimeSpan(seconds: 30 * 86_400)

    @Flag(help: "Send the password, or get the token, although the connection is not encrypted.")
    var insecure = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (60...(365 * 86_400)).contains(expires.seconds) else { throw ValidationError("--expires is from 1m to 365d") }
        if provider != nil, account != nil || passwordFile != nil {
            throw ValidationError("--provider goes with neither --account nor --password-file: the provider knows who you are")
        }
    }

    func run() async throws {
        let server = try client.coordinator()
        guard insecure || Self.isPrivate(server) else {
            throw Failure(
                "\(server) is not encrypted: everybody on the way would see \(provider == nil ? "the password" : "your token")",
                hint: "use its https:// address, or say --insecure")
        }
        if let provider {
            let client = CoordinatorClient(server: server, credentials: [], trust: try client.trust)
            let entry: StoredCredentials.Entry
            do { entry = try await DeviceLogin(client: client, provider: provider).run(lasting: expires) } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
            try entry.keep()
            Terminal.print("Signed in to \(server) as \(entry.account), until \(entry.expiresAt)")
            return
        }
        var account = account ?? ""
        if account.isEmpty { account = try await PasswordPrompt.line("Account at \(server): ") }
        let password = try await PasswordPrompt.password(file: passwordFile, prompt: "Password of \(account): ")
        let trust = try client.trust
        let stranger = CoordinatorClient(server: server, credentials: [], trust: trust)
        let session = CoordinatorClient(
            server: server, credentials: try await stranger.signIn(account: account, password: password), trust: trust)
        await stranger.shutdown()
        let entry: StoredCredentials.Entry
        do {
            entry = try await MachineToken(client: session, account: account).make(lasting: expires)
        } catch {
            _ = try? await session.delete("/session")
            await session.shutdown()
            throw error
        }
        _ = try? await session.delete("/session")
        await session.shutdown()
        try entry.keep()
        Terminal.print("Signed in to \(server) as \(account), until \(entry.expiresAt)")
    }

    /// Encrypted, or not beyond this machine.
    static func isPrivate(_ server: String) -> Bool {
        let text = server.lowercased()
        guard text.hasPrefix("http://") else { return true }
        let host = text.dropFirst(7).prefix { $0 != "/" }
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } : host.prefix { $0 != ":" }
        let isNumber = name.allSatisfy { $0 == "." || ("0"..."9").contains($0) }
        return name == "[::1" || name == "localhost" || name.hasPrefix("127.") && isNumber
    }
}

/// The API token that a machine is given when somebody signs in there.
struct MachineToken {
    /// Acts for the account.
    let client: CoordinatorClient
    let account: String

    /// The account's name for it: the machine's, so that signing in again takes the place of the last time.
    static var name: String {
        var buffer = [CChar](repeating: 0, count: 256)
        gethostname(&buffer, buffer.count - 1)
        let host = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let user = Environment["USER"].map { "\($0)-" } ?? ""
        let text = "login-\(user)\(host)".unicodeScalars.map { scalar -> Character in
            scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "._-".unicodeScalars.contains(scalar))
                ? Character(scalar) : "-"
        }
        return String(text.prefix(64))
    }

    func make(lasting span: TimeSpan) async throws -> StoredCredentials.Entry {
        do {
            _ = try await client.delete("/tokens/\(Percent.encode(Self.name))")
        } catch {
            guard let failure = error as? APIFailure, failure.status == 404 else { throw error }
        }
        let made = try await client.post("/tokens", ["name": .string(Self.name), "expiresSeconds": .int(span.seconds)])
        guard let token = made["token"]?.string else { throw Failure("the coordinator's answer has no token") }
        return StoredCredentials.Entry(
            server: client.server, account: account, name: Self.name, token: token, expiresAt: made["expiresAt"]?.string ?? "")
    }
}

extension StoredCredentials.Entry {
    /// Puts it into the file of credentials, in the place of what was there for this coordinator.
    func keep() throws(Failure) {
        var stored = try StoredCredentials.read()
        stored.keep(self)
        try stored.write()
    }
}
