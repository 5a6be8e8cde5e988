// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetCoordinator

@Suite("Addresses of identity providers") struct WebAddressTests {
    @Test func takesApart() throws {
        let address = try #require(WebAddress("HTTPS://Id.Example.com:8443/realms/a?x=1"))
        #expect(
            address.isSecure && address.host == "id.example.com" && address.port == 8_443 && address.path == "/realms/a" && address.hasQuery
        )
        #expect(WebAddress("https://[2606:4700::1111]/")?.host == "2606:4700::1111")
        #expect(WebAddress("http://127.0.0.1:5556")?.isLoopback == true && WebAddress("https://localhost/")?.isLoopback == true)
    }

    @Test(
        "what another reader may understand otherwise is no address",
        arguments: [
            "https://user@host.example/", "https://host.example/#x", "https://host.example\\@evil.example/", "https://127.1/",
            "https://2130706433/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://host..example/", "https://", "https:///path",
            "ftp://host.example", "//host.example", "https://host.example:0/", "https://host.example:99999/", "https://host.example:8 0/",
            "https://[::1", "https://[::1]x/", "https://ho\u{E9}st.example/", "https://host.example/\r\nX: y", "https://[127.0.0.1]/",
        ])
    func refuses(_ text: String) { #expect(WebAddress(text) == nil) }

    @Test func tellsOwnNetworksFromTheWorld() throws {
        for text in [
            "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.0.0.1",
            "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "ff02::1", "::ffff:10.0.0.1",
            "::127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
        ] { #expect(try #require(NetworkAddress(text)).isPublic == false, "\(text)") }
        for text in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            #expect(try #require(NetworkAddress(text)).isPublic, "\(text)")
        }
    }

    @Test("endpoints elsewhere are https and in the world, unless the issuer itself is within")
    func endpoints() throws {
        func metadata(_ issuer: String, _ token: String) throws -> ProviderMetadata {
            try ProviderMetadata(
                .map([
                    "issuer": .string(issuer), "authorization_endpoint": .string("\(issuer)/auth"), "token_endpoint": .string(token),
                    "jwks_uri": .string("\(issuer)/keys"),
                ]), of: try #require(WebAddress(issuer)))
        }
        _ = try metadata("https://id.example.com", "https://tokens.example.com/token")
        _ = try metadata("https://10.0.0.5", "https://10.0.0.5:8443/token")
        for token in [
            "http://id.example.com/token", "https://10.0.0.5/token", "https://localhost/token", "https://[::1]/token",
            "https://169.254.169.254/token", "https://u@id.example.com/",
        ] {
            #expect(throws: ProviderRefusal.self) { _ = try metadata("https://id.example.com", token) }
        }
        #expect(throws: ProviderRefusal.self) { _ = try metadata("http://127.0.0.1:1", "http://10.0.0.1/token") }
    }

    @Test func base64HasOneForm() throws {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            let text = Base64URL.encode(bytes)
            #expect(Base64URL.decode(text) == bytes && !text.contains("="))
        }
        for text in ["A", "AB=", "AB==", "A+B_", "AA/A", "AB", "AAB", "A A"] { #expect(Base64URL.decode(text) == nil, "\(text)") }
        #expect(Base64URL.encodeStandard([0xFB, 0xFF]) == "+/8=" && Base64URL.encodeStandard("a:b".utf8) == "YTpi")
    }
}
