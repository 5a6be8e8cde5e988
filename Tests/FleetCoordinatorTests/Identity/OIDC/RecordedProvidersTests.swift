// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetCoordinator

/// What common providers answer, after their public documentation, read with the very configuration that ours shows.
@Suite("Recorded answers of common identity providers") struct RecordedProvidersTests {
    private static let folder = "\(#filePath)".split(separator: "/").dropLast().joined(separator: "/")

    private static func read(_ path: String) throws -> [UInt8] {
        try FixtureFile.bytes(path)
    }

    /// The providers of the documentation's example.
    private static func documented() throws -> [ProviderSettings] {
        let root = "/" + folder.split(separator: "/").dropLast(4).joined(separator: "/")
        let text = String(decoding: try read("\(root)/docs/operations/identity-providers.md"), as: UTF8.self)
        let block = try #require(text.firstRange(of: "```yaml\n"))
        let end = try #require(text[block.upperBound...].firstRange(of: "```"))
        return try ProviderFile.parse(Array(text[block.upperBound..<end.lowerBound].utf8), path: "identity-providers.md") { (_, _) in
            Array("secret".utf8)
        }
    }

    @Test(arguments: [
        "keycloak", "entra", "entra-overage", "okta", "google", "google-stranger", "google-unverified", "dex", "gitlab",
    ])
    func isReadAsDocumented(_ name: String) throws {
        let recorded = try JSON.read(Self.read("/\(Self.folder)/Recorded/\(name).json"))
        let provider = recorded["provider"]?.string ?? name
        let settings = try #require(try Self.documented().first { $0.name == provider })
        let metadata = try ProviderMetadata(try #require(recorded["discovery"]), of: settings.issuer)
        #expect(metadata.token.isSecure && metadata.deviceAuthorization != nil && metadata.userInfo != nil)
        #expect(metadata.secretMethods.contains("client_secret_basic"))
        #expect(metadata.namesIssuer == (provider == "keycloak"))

        let (header, claims) = (try #require(recorded["header"]), try #require(recorded["claims"]))
        let text = [JSON.write(header), JSON.write(claims), Array("signature".utf8)].map { Base64URL.encode($0) }.joined(separator: ".")
        let token = try IDToken(text)
        let now = Timestamp(seconds: 1_800_000_000)
        try token.check(
            IDToken.Expectation(issuer: settings.issuer.text, clientID: settings.clientID, nonce: "n-0S6_WzA2Mj"), at: now)
        let reading = ClaimReading(settings: settings)
        guard let refusal = recorded["refusal"]?.string else {
            #expect(!reading.needsMore(token.claims))
            let account = try reading.account(token.claims, at: now)
            #expect(account.name == recorded["account"]?.string && account.displayName == recorded["displayName"]?.string)
            #expect(account.email == recorded["email"]?.string && account.provider == provider)
            #expect(account.groups == recorded["groups"]?.list?.compactMap(\.string))
            return
        }
        do {
            let account = try reading.account(token.claims, at: now)
            Issue.record("\(account.name) was let in")
        } catch {
            #expect(error.message.contains(refusal) && error.kind == .account, "\(error)")
        }
    }
}
