// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Testing

@Suite("The salt of readable Secrets") struct SecretSaltTests {
    @Test("it is taken off, and nothing else is")
    func remove() throws {
        let plain = try JSON.read(#"{"apiVersion":"v1","data":{"a":"MQ=="},"kind":"Secret","metadata":{"name":"x"}}"#)
        var salted = plain
        salted[SecretSalt.member] = .string(String(repeating: "0", count: 64))
        #expect(Canonical.digest(salted) != Canonical.digest(plain))
        SecretSalt.remove(from: &salted)
        #expect(salted == plain)
        SecretSalt.remove(from: &salted)
        #expect(salted == plain)
        var text: Value = "no object"
        SecretSalt.remove(from: &text)
        #expect(text == "no object")
    }
}
