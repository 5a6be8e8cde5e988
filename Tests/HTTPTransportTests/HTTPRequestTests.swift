// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Testing

@Suite("HTTPRequest") struct HTTPRequestTests {
    @Test(
        "an endpoint shows no credentials, query or fragment",
        arguments: [
            ("https://user:secret@host:6443/api/v1?token=secret", "https://host:6443/api/v1"),
            ("http://secret@host?x=@y", "http://host"),
            ("http://host/a@b#secret", "http://host/a@b"),
            ("https://host", "https://host"),
            ("nonsense", "nonsense"),
            ("?", ""),
        ])
    func endpoint(_ url: String, _ shown: String) {
        #expect(HTTPRequest.endpoint(of: url) == shown)
    }

    @Test("header names compare without regard to case") func headers() {
        let headers = HTTPHeaders([("Warning", "a"), ("X", "b"), ("warning", "c")])
        #expect(headers["WARNING"] == "a")
        #expect(headers.values("Warning") == ["a", "c"])
        #expect(headers["Y"] == nil)
    }
}
