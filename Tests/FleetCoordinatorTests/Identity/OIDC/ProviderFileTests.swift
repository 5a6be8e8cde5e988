// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import FleetCoordinator

@Suite("The file of identity providers") struct ProviderFileTests {
    private static func parse(_ text: String, files: [String: String] = [:]) throws -> [ProviderSettings] {
        try ProviderFile.parse(Array(text.utf8), path: "providers.yaml") { (name, _) throws(ProviderFile.Failure) in
            guard let contents = files[name] else { throw ProviderFile.Failure(description: "\(name): is not there") }
            return Array(contents.utf8)
        }
    }

    @Test func readsAll() throws {
        let providers = try Self.parse(
            """
            providers:
            - name: corp
              displayName: Example Corp
              issuer: https://id.example.com/realms/corp
              clientID: flotilla
              clientSecretFile: corp.secret
              scopes: [openid, profile, groups]
              claims: {account: email, groups: realm_access.roles}
              groups:
                map: {"/platform team": operators, web: [frontend, readers]}
              requiredGroups: ["/platform team", web]
              requiredClaims: {hd: example.com}
              audiences: [gateway]
              certificateAuthority: ca.pem
            - {name: public, issuer: "http://127.0.0.1:5556/dex", clientID: cli}
            """,
            files: ["corp.secret": "s3cret\n", "ca.pem": "-----BEGIN CERTIFICATE-----\n"])
        let corp = try #require(providers.first)
        #expect(providers.map(\.name) == ["corp", "public"] && providers.last?.displayName == "public")
        #expect(corp.clientSecret == "s3cret" && corp.issuer.host == "id.example.com" && corp.scopes == ["openid", "profile", "groups"])
        #expect(corp.claims == ProviderSettings.Claims(account: "email", groups: "realm_access.roles"))
        #expect(corp.groups.map == ["/platform team": ["operators"], "web": ["frontend", "readers"]])
        #expect(corp.requiredClaims == ["hd": "example.com"] && corp.audiences == ["gateway"] && corp.certificateAuthority != nil)
        #expect(providers.last?.clientSecret == nil && providers.last?.claims.groups == nil)
    }

    @Test(
        "errors say where and what, and never a secret",
        arguments: [
            ("providers: 5", "providers.yaml:1:12: providers: expected a list"),
            ("providers:\n- {name: A b, issuer: x, clientID: c}", "providers.yaml:2:10: providers[0].name"),
            (
                "providers:\n- {name: a, issuer: \"http://id.example.com\", clientID: c}",
                "providers.yaml:2:21: providers[0].issuer: expected https"
            ),
            ("providers:\n- {name: a, issuer: \"https://id.example.com?x\", clientID: c}", "without a query"),
            ("providers:\n- name: a\n  issuer: https://id.example.com\n", "providers.yaml:2:3: providers[0].clientID"),
            ("providers:\n- name: a\n  clientSecret: hunter2\n", "providers.yaml:3:17: providers[0].clientSecret: is not known here"),
            ("providers:\n- {name: a, issuer: \"https://i.example\", clientID: c, clientSecretFile: none}", "none: is not there"),
            ("providers:\n- {name: a, issuer: \"https://i.example\", clientID: c, clientSecretFile: two}", "has to hold one line"),
            ("providers:\n- {name: a, issuer: \"https://i.example\", clientID: c, scopes: [email]}", "'openid' has to be among them"),
            ("providers:\n- {name: a, issuer: \"https://i.example\", clientID: c, requiredGroups: [x]}", "needs 'claims.groups'"),
            (
                "providers:\n- {name: a, issuer: \"https://i.example\", clientID: c, claims: {groups: g}, groups: {map: {a: b c}}}",
                "no spaces"
            ),
            (
                "providers:\n- {name: a, issuer: \"https://i.example\", clientID: c, claims: {groups: g}, groups: {map: {a: b}, prefix: x}}",
                "goes with no 'map'"
            ),
            ("providers:\n- {name: a, issuer: \"https://i.example\", clientID: c, certificateAuthority: two}", "no certificate in PEM"),
            (
                "providers:\n- &a {name: a, issuer: \"https://i.example\", clientID: c}\n- *a",
                "there are two providers 'a'"
            ),
            ("providers: [", "providers.yaml:"),
        ])
    func errors(_ text: String, _ words: String) {
        do {
            _ = try Self.parse(text, files: ["two": "hunter2\nhunter3\n"])
            Issue.record("\(text) was read")
        } catch {
            #expect("\(error)".contains(words), "\(error)")
            #expect(!"\(error)".contains("hunter"))
        }
    }
}
