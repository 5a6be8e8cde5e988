// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@Suite("Digest") struct DigestTests {
    // FIPS 180-2, appendix B.
    @Test(
        "SHA-256 of the standard's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func standard(_ text: String, _ hex: String) {
        let digest = Digest.sha256(text)
        #expect(digest.hex == hex)
        #expect(digest.description == "sha256:" + hex)
        #expect(Digest("sha256:" + hex) == digest)
        #expect(Digest(hex: hex) == digest)
        #expect(Digest(bytes: digest.bytes) == digest)
        #expect(Digest.sha256(Array(text.utf8)[...]) == digest)
    }

    @Test(
        "another notation is refused",
        arguments: [
            "", "sha256:", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85g",
            "sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ])
    func refuses(_ text: String) { #expect(Digest(text) == nil) }

    @Test("the order is the bytes' order") func order() {
        let digests = (0..<100).map { Digest.sha256("\($0)") }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
        #expect(Digest(bytes: [1, 2, 3]) == nil)
    }
}
