// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import GoTemplate

@Suite("Cryptography")
struct CryptoTests {
    @Test("bcrypt gives the published hashes")
    func bcrypt() {
        let salt: [UInt8] = [0x10, 0x41, 0x04, 0x10, 0x41, 0x04, 0x10, 0x41, 0x04, 0x10, 0x41, 0x04, 0x10, 0x41, 0x04, 0x10]
        #expect(Bcrypt.hash(Array("U*U".utf8), salt: salt, cost: 5) == "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
        #expect(Bcrypt.hash(Array("U*U*".utf8), salt: salt, cost: 5) == "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK")
    }

    @Test(
        "digests",
        arguments: [
            ("{{ sha1sum \"abc\" }}", "a9993e364706816aba3e25717850c26c9cd0d89d"), ("{{ adler32sum \"hello\" }}", "103547413"),
            ("{{ decryptAES \"k\" (encryptAES \"k\" \"text\") }}", "text"), ("{{ encryptAES \"k\" \"\" }}", ""),
            ("{{ derivePassword 1 \"long\" \"password\" \"user\" \"example.com\" }}", "ZedaFaxcZaso9*"),
            ("{{ derivePassword 1 \"x\" \"p\" \"u\" \"s\" }}", "cannot find password template x"),
        ])
    func digests(template: String, output: String) { #expect(evaluate(template) == output) }

    @Test("certificates are signed by their authority, in every kind of key")
    func certificates() {
        let template = """
            {{ $ca := genCAWithKey "ca" 10 (genPrivateKey "ecdsa") -}}
            {{ $c := genSignedCertWithKey "a.example" (list "10.0.0.1" "::1") (list "a.example" "b.example") 5 $ca (genPrivateKey "ed25519") -}}
            {{ $b := buildCustomCert ($c.Cert | b64enc) ($c.Key | b64enc) -}}
            {{ eq $b.Cert $c.Cert }} {{ $c.Key | trunc 27 }} {{ $ca.Key | trunc 30 }}
            """
        #expect(evaluate(template) == "true -----BEGIN PRIVATE KEY----- -----BEGIN EC PRIVATE KEY-----")
        #expect(
            evaluate("{{ genSelfSignedCertWithKey \"a\" (list \"x\") nil 5 (genPrivateKey \"ed25519\") }}").contains("error parsing ip: x"))
        #expect(evaluate("{{ genPrivateKey \"dsa\" }}").contains("DSA keys are not made here"))
    }
}
