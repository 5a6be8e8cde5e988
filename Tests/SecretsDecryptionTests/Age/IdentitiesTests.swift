// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import SecretsDecryption

@Suite("Identities") struct IdentitiesTests {
    /// The specification's own pair.
    private static let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
    private static let recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

    @Test("give the recipients that age gives") func recipients() throws {
        #expect(try Identities(parsing: Self.secret).recipients == [Self.recipient])
        #expect(try AgeIdentity(parsing: Self.secret).secretText == Self.secret)
        #expect(try AgeRecipient(parsing: Self.recipient).description == Self.recipient)
        let text = try Fixtures.text(Fixtures.ours)
        #expect(text.contains("# public key: \(try Identities(parsing: text).recipients[0])\n"))
    }

    @Test("are read among comments, blanks and both kinds of line ends") func comments() throws {
        var random = SeededNumbers(seed: 9)
        let other = try AgeIdentity.generate(using: &random)
        let text = "# created: today\r\n\r\n  \(Self.secret)  \r\n#\(Self.secret)\n\n\(other.secretText)"
        #expect(try Identities(parsing: text).recipients == [Self.recipient, other.recipient.description])
    }

    @Test("are written as age-keygen writes them") func file() throws {
        let text = try AgeIdentity(parsing: Self.secret).fileText(createdAt: Timestamp(milliseconds: 1_767_323_045_678))
        #expect(text == "# created: 2026-01-02T03:04:05Z\n# public key: \(Self.recipient)\n\(Self.secret)\n")
        #expect(try Identities(parsing: text).recipients == [Self.recipient])
    }

    @Test(
        "name what is wrong, and no key",
        arguments: [
            ("", SecretsError.Code.noIdentity, "holds no key"),
            ("# nothing\n", .noIdentity, "holds no key"),
            (
                "\nAGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEQ", .invalidKey,
                "line 2 of the identities: no secret key of age: its checksum"
            ),
            ("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAE", .invalidKey, "checksum"),
            ("age-secret-key-1gfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpq4egaex", .invalidKey, "upper case"),
            ("AGE-SECRET-KEY-1gfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpq4egaex", .invalidKey, "mixes"),
            ("age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", .invalidKey, "a recipient"),
            ("hunter2", .invalidKey, "no '1'"),
            ("AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR", .unsupported, "post-quantum"),
            ("AGE-PLUGIN-YUBIKEY-1QQPQQQQQQ", .unsupported, "plugin"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz", .unsupported, "SSH or PEM"),
            ("age-encryption.org/v1\n-> scrypt", .unsupported, "itself encrypted"),
        ])
    func wrong(_ text: String, _ code: SecretsError.Code, _ part: String) {
        do {
            _ = try Identities(parsing: text)
            Issue.record("accepted")
        } catch {
            #expect(error.code == code && error.message.contains(part))
            #expect(!error.message.contains("GFPYY") && !error.message.lowercased().contains("gfpyy") && !error.message.contains("hunter2"))
        }
    }

    @Test(
        "of others name what is wrong",
        arguments: [
            ("age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwq", SecretsError.Code.invalidKey, "checksum"),
            ("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX", .invalidKey, "a secret key was given"),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", .unsupported, "SSH"),
            ("age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e", .unsupported, "hardware"),
            ("A12UEL5L", .invalidKey, "begin with 'age1'"),
        ])
    func wrongRecipient(_ text: String, _ code: SecretsError.Code, _ part: String) {
        do {
            _ = try AgeRecipient(parsing: text)
            Issue.record("accepted")
        } catch {
            #expect(error.code == code && error.message.contains(part))
            #expect(!error.message.contains("GFPYY"))
        }
    }

    @Test("do not show themselves") func shown() throws {
        let identity = try AgeIdentity(parsing: Self.secret)
        let identities = try Identities([identity])
        var dumped = ""
        dump(identities, to: &dumped)
        for text in ["\(identity)", String(reflecting: identity), "\(identities)", dumped] {
            #expect(text.contains(Self.recipient) && !text.contains("SECRET"))
            #expect(!text.contains("PrivateKey"))
        }
    }

    @Test("are not too many") func bounded() throws {
        var random = SeededNumbers(seed: 10)
        let many = try (0..<65).map { _ in try AgeIdentity.generate(using: &random) }
        #expect(code { _ = try Identities(many) } == .tooLarge)
        #expect(code { _ = try Identities(parsing: String(repeating: "#\n", count: 40_000)) } == .tooLarge)
    }
}
