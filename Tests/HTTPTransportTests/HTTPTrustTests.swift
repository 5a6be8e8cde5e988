// SPDX-License-Identifier: Apache-2.0
import Glibc
import HTTPTransport
import Testing

@Suite("TLS", .enabled(if: OpenSSL.isInstalled, "needs the openssl command")) struct HTTPTrustTests {
    private func status(
        _ server: OpenSSL.Server, host: String = "localhost", _ trust: TrustSettings, _ version: HTTPClient.Version = .http1
    )
        async throws -> Int
    {
        let client = HTTPClient(configuration: .init(trust: trust, proxyFromEnvironment: false, httpVersion: version))
        let response = try await client.send(HTTPRequest(url: "https://\(host):\(server.port)/", deadline: .seconds(20)))
        await client.shutdown()
        return response.status
    }

    @Test("trusts its own certificate authority and no other") func authority() async throws {
        let keys = try OpenSSL.Keys()
        let server = try keys.serve()
        #expect(try await status(server, TrustSettings(certificateAuthority: keys.bytes("ca.pem"))) == 200)
        #expect(try await status(server, TrustSettings(certificateAuthority: keys.bytes("ca.pem")), .http2) == 200)
        let foreign = try OpenSSL.Keys()
        for trust in [TrustSettings.system, TrustSettings(certificateAuthority: try foreign.bytes("ca.pem"))] {
            let error = await #expect(throws: HTTPError.self) { try await status(server, trust) }
            #expect(error?.kind == .tls)
            #expect(error?.isRetryable == false)
        }
        #expect(try await status(server, TrustSettings(insecureSkipVerify: true)) == 200)
    }

    @Test("checks the server's name, or the name it is told to check") func name() async throws {
        let keys = try OpenSSL.Keys()
        let server = try keys.serve()
        let authority = try keys.bytes("ca.pem")
        let error = await #expect(throws: HTTPError.self) {
            try await status(server, host: "127.0.0.1", TrustSettings(certificateAuthority: authority))
        }
        #expect(error?.kind == .tls)
        #expect(try await status(server, host: "127.0.0.1", TrustSettings(certificateAuthority: authority, serverName: "localhost")) == 200)
    }

    @Test("shows its client certificate") func clientCertificate() async throws {
        let keys = try OpenSSL.Keys()
        let server = try keys.serve("-Verify", "1", "-verify_return_error", "-CAfile", keys.path("ca.pem"))
        var trust = TrustSettings(certificateAuthority: try keys.bytes("ca.pem"))
        await #expect(throws: HTTPError.self) { try await status(server, trust) }
        trust.clientCertificate = try keys.bytes("client.pem")
        let half = await #expect(throws: HTTPError.self) { try await status(server, trust) }
        #expect(half?.kind == .invalidRequest)
        trust.clientKey = try keys.bytes("client.key")
        #expect(try await status(server, trust) == 200)
        trust.clientKey = Array("not a key".utf8)
        let wrong = await #expect(throws: HTTPError.self) { try await status(server, trust) }
        #expect(wrong?.kind == .tls)
        #expect(wrong?.message.contains("not a key") == false)
    }
}
