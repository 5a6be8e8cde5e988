// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Signing in with an identity provider from a terminal: somebody confirms a code in a browser, here or elsewhere (RFC 8628).
///
/// The coordinator speaks to the provider; this program shows the code and asks the coordinator now and then.
struct DeviceLogin {
    /// Acts for nobody.
    let client: CoordinatorClient
    let provider: String
    var wait: (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    var show: (String) -> Void = { Terminal.note($0) }

    /// What is added to the pause between two questions when the provider finds it too short (RFC 8628 §3.5).
    static let slower = Duration.seconds(5)
    /// No code lasts longer.
    private static let patience = Duration.seconds(3_600)

    func run(lasting span: TimeSpan) async throws -> StoredCredentials.Entry {
        let begun = try await begin(lasting: span)
        guard let handle = begun["handle"]?.string, let code = begun["userCode"]?.string, let address = begun["verificationURL"]?.string
        else { throw Failure("the coordinator's answer has no code") }
        show("open \(Self.plain(begun["completeVerificationURL"]?.string ?? address)) and confirm the code \(Self.plain(code))")
        var pause = Duration.seconds(min(max(begun["intervalSeconds"]?.int ?? 5, 1), 60))
        var waited = Duration.zero
        while waited < Self.patience {
            try await wait(pause)
            waited += pause
            let answer: Value
            do { answer = try await client.post("/session/devices/poll", ["handle": .string(handle)]) } catch {
                // A provider that cannot be asked right now, or a coordinator that is starting again, may answer the next time.
                guard let failure = error as? APIFailure, [429, 502, 503].contains(failure.status) else { throw error }
                pause += Self.slower
                continue
            }
            switch answer["state"]?.string {
            case "pending": continue
            case "slowDown": pause += Self.slower
            default:
                guard let token = answer["token"]?.string, let account = answer["account"]?.string else {
                    throw Failure("the coordinator's answer has no token")
                }
                return StoredCredentials.Entry(
                    server: client.server, account: account, name: answer["name"]?.string ?? MachineToken.name, token: token,
                    expiresAt: answer["expiresAt"]?.string ?? "")
            }
        }
        throw Failure("nobody has confirmed the code", hint: "begin again: flotilla login --provider \(provider)")
    }

    private func begin(lasting span: TimeSpan) async throws -> Value {
        do {
            return try await client.post(
                "/session/devices",
                ["provider": .string(provider), "name": .string(MachineToken.name), "expiresSeconds": .int(span.seconds)])
        } catch {
            guard let failure = error as? APIFailure, failure.status == 404 else { throw error }
            let names = (try? await client.get("/session/providers"))?["items"]?.list?.compactMap { $0["name"]?.string } ?? []
            throw Failure(
                "\(client.server) has no identity provider '\(provider)'",
                hint: names.isEmpty
                    ? "it has none: sign in with a local account" : "there are: \(names.map(Self.plain).joined(separator: ", "))")
        }
    }

    /// Text of others as a terminal may show it.
    private static func plain(_ text: String) -> String {
        String(text.unicodeScalars.filter { $0.value >= 32 && $0.value < 127 }.prefix(2_048).map(Character.init))
    }
}
