// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests
import Synchronization
import Testing

@testable import FleetCoordinator

@Suite("What programs around the coordinator ask") struct OperationRoutesTests {
    @Test func tellsHowItIs() async throws {
        try await ServedFleet.with { served async throws in
            #expect(try await served.send("GET", "/healthz").text == "ok\n")
            #expect(try await served.send("GET", "/readyz").status == 200)
            #expect(try await served.get("/api/v1/allowed-signers").text.hasPrefix("flotilla@coordinator namespaces=\"git\" ssh-ed25519 "))
            let metrics = try await served.send("GET", "/metrics").text
            for line in [
                "flotilla_clusters{state=\"online\"} 4", "flotilla_applications{health=\"Current\"} 1",
                "flotilla_stage_state{pipeline=\"shop\",environment=\"production\",state=\"waiting\"} 1",
                "flotilla_promotions_total{state=\"verified\"} 1", "flotilla_agent_polls_parked 0", "flotilla_git_fetch_failures_total 0",
                "# TYPE flotilla_events_total counter",
            ] {
                #expect(metrics.contains("\(line)\n"), "\(line)")
            }
            for line in metrics.split(separator: "\n") where !line.hasPrefix("#") {
                #expect(line.split(separator: " ").last.flatMap { Double($0) } != nil, "\(line)")
            }
            let compressed = try await served.send("GET", "/api/v1/openapi.json", token: served.token, acceptGzip: true)
            #expect(compressed.headers["Vary"]?.contains("Accept-Encoding") == true && compressed.json.at("openapi") == "3.1.0")
        }
    }

    @Test func describesEveryRouteOfTheAPI() async throws {
        try await ServedFleet.with(settled: false) { served async throws in
            let description = try await served.get("/api/v1/openapi.json").json
            let paths = try #require(description.at("paths")?.map)
            let schemas = try #require(description.at("components", "schemas")?.map)
            for route in served.web.routes(listensOnLoopback: true, usesTLS: false).routes
            where route.path.hasPrefix("/api/") && !route.path.hasSuffix("openapi.json") {
                let operation = try #require(paths[route.path]?[route.method.rawValue.lowercased()], "\(route.path)")
                #expect(operation.at("security")?.list?.isEmpty == (route.access == .open), "\(route.path)")
                #expect((operation.at("parameters")?.list?.count ?? 0) == route.parameters.count + route.query.count)
                switch route.answer {
                case .object(let name), .list(of: let name): #expect(schemas[name] != nil, "\(name)")
                case .text, .nothing: break
                }
            }
        }
    }

    @Test func theWebhookRingsAtMostOnceASecond() {
        let time = HandTime()
        let rings = Mutex(0)
        let gate = WebhookGate(time: time.wall) { rings.withLock { $0 += 1 } }
        for _ in 0..<5 { gate.call() }
        #expect(rings.withLock { $0 } == 1)
        gate.flush()
        #expect(rings.withLock { $0 } == 1)
        time.advance(by: .seconds(1))
        // The burst's last call is not forgotten.
        gate.flush()
        gate.flush()
        #expect(rings.withLock { $0 } == 2)
        time.advance(by: .seconds(5))
        gate.flush()
        #expect(rings.withLock { $0 } == 2)
        gate.call()
        #expect(rings.withLock { $0 } == 3)
    }

    @Test func understandsAcceptEncoding() {
        for header in ["gzip", "deflate, gzip", "gzip;q=0.5", "*", "br, GZIP ; q=1.0"] {
            #expect(ReplyWriting.accepts(header), "\(header)")
        }
        for header in ["", "br", "gzip;q=0", "gzip; q=0.000", "identity"] { #expect(!ReplyWriting.accepts(header), "\(header)") }
        #expect(!ReplyWriting.accepts(nil))
    }

    @Test func readsAndWritesPercentEncoding() throws {
        #expect(URLText.encode("a b/c?ü") == "a%20b%2Fc%3F%C3%BC")
        #expect(URLText.decode("a%20b%2fc%3F%C3%BC") == "a b/c?ü")
        #expect(URLText.decode("%zz") == nil && URLText.decode("%2") == nil && URLText.decode("%ff") == nil)
        #expect(try Query(parsing: "a=1+2&b=&c&a=3%264").values == ["a": "3&4", "b": "", "c": ""])
    }
}
