// SPDX-License-Identifier: Apache-2.0
import Manifests
import SecretsDecryption
import Testing

@testable import flotilla

@Suite("Secrets of the example") struct SeedSecretsTests {
    @Test("the example's Secrets become passwords of one's own")
    func seeding() throws {
        var random = SystemRandomNumberGenerator()
        let identity = try AgeIdentity.generate(using: &random)
        let files = try SeedFiles.read(PackageFolder.path)
        let renewed = try SeedSecrets.renewing(
            files, for: identity.recipient, using: &random, at: Timestamp(seconds: 1_800_000_000))
        let changed = files.keys.filter { files[$0] != renewed[$0] }.sorted()
        #expect(changed == ["environments/production/api/database.yaml", "environments/staging/api/database.yaml"])
        var passwords: Set<String> = []
        for path in changed {
            let opened = try SOPS.open(document: try #require(renewed[path]), identities: Identities([identity])).documents
            let secret = try #require(opened.first)
            #expect(secret.at("metadata", "name") == "api-database")
            passwords.insert(try #require(secret.at("stringData", "DATABASE_PASSWORD")?.string))
        }
        #expect(passwords.count == 2 && passwords.allSatisfy { $0.count == 32 })
    }
}
