// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests
import Testing

@testable import FleetCoordinator

/// A browser on its way to an identity provider and back.
struct ProviderVisit: Sendable {
    let served: ServedFleet
    let location: String
    /// As the browser sends it.
    let cookie: String
    let setCookie: String

    static func begin(_ served: ServedFleet, _ name: String = "test", next: String? = nil) async throws -> ProviderVisit {
        let answer = try await served.send("GET", "/sign-in/\(name)" + (next.map { "?next=\(URLText.encode($0))" } ?? ""))
        #expect(answer.status == 303, "\(answer.text)")
        let setCookie = try #require(answer.headers["Set-Cookie"])
        return ProviderVisit(
            served: served, location: try #require(answer.headers["Location"]), cookie: String(setCookie.prefix { $0 != ";" }),
            setCookie: setCookie)
    }

    var parameters: [String: String] {
        get throws { try Query(parsing: String(location.drop { $0 != "?" }.dropFirst())).values }
    }

    func finish(_ query: String, cookie: String? = nil, at name: String = "test") async throws -> ServedFleet.Answer {
        try await served.send(
            "GET", "/sign-in/\(name)/callback?\(query)",
            headers: [(name: "Cookie", value: cookie ?? self.cookie), (name: "Accept", value: "text/html")])
    }

    /// The whole way, as the provider's knobs have it.
    static func make(_ served: ServedFleet, _ provider: TestProvider, extra: String = "") async throws -> ServedFleet.Answer {
        let visit = try await begin(served)
        let (code, state) = try provider.authorize(visit.location)
        return try await visit.finish("code=\(code)&state=\(state)\(extra)")
    }
}

extension ServedFleet.Answer {
    var session: String? {
        headers.all.values("Set-Cookie").first { $0.hasPrefix("flotilla_session=") }.map { String($0.prefix { $0 != ";" }) }
    }
}

extension ServedFleet {
    /// Serves a fleet with one identity provider.
    static func with(
        _ provider: TestProvider, _ change: (inout ProviderSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (ServedFleet) async throws -> Void
    ) async throws {
        var settings = try provider.settings()
        change(&settings)
        try await with(settled: false, providers: [settings]) { served async throws in
            provider.keep(served.fleet.time)
            try await body(served)
        }
        provider.stop()
    }
}
