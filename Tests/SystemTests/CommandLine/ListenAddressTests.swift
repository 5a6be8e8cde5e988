// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import flotilla

@Suite("Listen address") struct ListenAddressTests {
    @Test("hosts and ports are read, and written the same")
    func reading() throws {
        #expect(try ListenAddress("127.0.0.1:8480") == ListenAddress(host: "127.0.0.1", port: 8480))
        #expect(try ListenAddress(":80") == ListenAddress(host: "127.0.0.1", port: 80))
        #expect(try ListenAddress("[::1]:80").description == "[::1]:80")
        #expect(try ListenAddress("0.0.0.0:1").reachableHost == "127.0.0.1")
    }

    @Test("anything else is refused", arguments: ["", "localhost", "localhost:", "h:x", "h:70000"])
    func wrong(_ text: String) { #expect(throws: Failure.self) { try ListenAddress(text) } }

    @Test("a taken port is not chosen, a free one is")
    func free() throws {
        let port = try Port.free()
        #expect(try Port.free(preferring: port) == port)
    }
}
