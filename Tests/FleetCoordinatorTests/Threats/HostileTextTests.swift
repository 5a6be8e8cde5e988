// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import FleetModel
import HTTPTypes
import Manifests
import PostgresClient
import Synchronization
import Testing

@testable import FleetCoordinator

/// Whoever may write a text that people see later writes a script into it: no page, of anybody, gives it to a browser as one.
@Suite("Stored scripts", .serialized) struct HostileTextTests {
    private static let script = "<script>alert(7)</script>"
    private static let image = "\"><img src=x onerror=alert(7)>"
    private static let attribute = "' onmouseover='alert(7)"
    private static let address = "javascript:alert(7)"
    private static let hostile = script + image + attribute + " \(address)"

    /// Why a page is dangerous; `nil` where it is not.
    static func danger(in html: String) -> String? {
        for part in ["<script>alert", "<img", "onerror=alert(7)>", "' onmouseover", "\" onmouseover"] where html.contains(part) {
            return part
        }
        let addresses = #/(?i)(href|src|action|formaction|content|data|poster)\s*=\s*["']?\s*(0;\s*url=)?\s*(javascript|data|vbscript):/#
        if let match = html.firstMatch(of: addresses) { return String(match.0) }
        // Scripts come from our own file only, and nothing is said inline.
        for match in html.matches(of: #/<script[^>]*>/#) where match.0 != #"<script src="/assets/flotilla.js" defer>"# {
            return String(match.0)
        }
        if let match = html.firstMatch(of: #/<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*\son[a-z]+\s*=/#) {
            return String(match.0.suffix(60))
        }
        return nil
    }

    private static func files() -> [String: String] {
        var files = JourneyTests.files(image: "registry.example/web:\(script)")
        files["fleet/access/web.yaml"] = TwoTeams.policy("web", "{group: web}", .administrator)
        for environment in ["staging", "production"] {
            let annotations = Value.map([
                "note": .string(hostile), "link.argocd.argoproj.io/external-link": .string(address),
                "example.com/description": .string(image),
            ])
            let object = Value.map([
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": .map(["name": "notes", "annotations": annotations, "labels": .map(["team": "web"])]),
                "data": .map(["index.html": .string(hostile)]),
            ])
            files["environments/\(environment)/web/notes.yaml"] = YAML.write(object)
        }
        return files
    }

    /// Puts hostile texts wherever people, authors of releases and clusters can put one.
    private static func poison(_ served: ServedFleet, _ browser: ServedFleet.Browser) async throws {
        let fleet = served.fleet
        let stage = "/api/v1/stages/shop/production"
        let reason: Value = .map(["reason": .string(hostile)])
        #expect(try await browser.send("POST", "\(stage)/pause", reason).status == 200)
        #expect(try await browser.send("POST", "\(stage)/resume", reason).status == 200)
        #expect(try await browser.send("POST", "\(stage)/approve", reason).status == 200)
        let command: Value = .map(["kind": "syncNow", "parameters": ["application": "web"], "reason": .string(hostile)])
        #expect(try await browser.send("POST", "/api/v1/clusters/s1/commands", command).status < 300)
        let pause: Value = .map(["seconds": 600, "reason": .string(hostile)])
        #expect(try await browser.send("PUT", "/api/v1/clusters/s1/applications/web/drift-pause", pause).status == 200)

        // A release whose subject is hostile, which fails in the cluster with hostile words.
        try await fleet.push(
            ["environments/staging/web/web.yaml": JourneyTests.deployment("registry.example/web:2")], message: "\(hostile)\n\n\(hostile)\n")
        try await fleet.settle(clusters: JourneyTests.clusters, rounds: 6)
        let held = try #require(fleet.fakes.held.withLock { $0["s1"] })
        let task = try #require(held.tasks["web"])
        let report = Report(
            instance: "agent-s1", sequence: held.sequence + 1,
            applications: [
                ApplicationReport(
                    application: "web", generation: task.generation, bundle: task.bundle.digest, phase: .failed, health: .failed,
                    message: hostile, object: "apps/Deployment shop/\(hostile)", objectsTotal: 2, objectsCurrent: 0, since: fleet.time.now)
            ],
            events: [
                AgentEvent(
                    .drift, at: fleet.time.now, application: "web", object: "v1/ConfigMap shop/\(hostile)",
                    paths: ["/metadata/annotations/\(hostile)"], message: hostile)
            ])
        fleet.fakes.held.withLock { $0["s1"]?.sequence += 1 }
        try await fleet.reports.store([("s1", report)])
        // A release that is refused, with hostile words in the reason.
        try await fleet.push(["environments/staging/web/bad.yaml": "kind: \(hostile)\n\(hostile): ["], message: "\(hostile)\n")
        try await fleet.follower.round()
        _ = try await served.tryToSignIn(hostile, hostile, headers: [(name: "User-Agent", value: hostile)])
    }

    private static func path(_ route: Route, _ names: [String: String]) -> String {
        "/"
            + route.path.split(separator: "/").map { part in
                part.hasPrefix("{") ? names[String(part.dropFirst().dropLast())] ?? "flotilla.css" : String(part)
            }.joined(separator: "/")
    }

    private static func isStream(_ route: Route) -> Bool { route.path.hasSuffix("/stream") }

    @Test("no answer gives a browser a script, and every one forbids it to run one")
    func pages() async throws {
        try await ServedFleet.with(files: Self.files()) { served async throws in
            let made = try await served.post(
                "/api/v1/accounts",
                .map([
                    "name": "anna", "displayName": .string(Self.hostile), "groups": ["web"], "password": .string(ServedFleet.password),
                ]))
            #expect(made.status == 201, "\(made.text)")
            let agent = [(name: "User-Agent", value: Self.hostile)]
            let answer = try await served.tryToSignIn("anna", headers: agent)
            let cookie = try #require(answer.headers["Set-Cookie"]).prefix { $0 != ";" }
            let browser = ServedFleet.Browser(served: served, cookie: String(cookie), csrf: try #require(answer.json["csrf"]?.string))
            try await Self.poison(served, browser)

            let here = ["pipeline": "shop", "environment": "production", "cluster": "s1", "application": "web", "command": "1.1"]
            let encoded = URLText.encode(Self.hostile)
            let nowhere = here.mapValues { _ in encoded }
            let headers = [(name: "Cookie", value: browser.cookie), (name: "Accept", value: "text/html")]
            var escaped: [String: Int] = [:]
            var pages = 0
            for route in served.table.routes where route.method == .get && !Self.isStream(route) && route.access != .agent {
                for (names, query) in [
                    (here, ""), (nowhere, ""), (here, "?q=\(encoded)"), (here, "?next=\(encoded)"), (here, "?done=\(encoded)"),
                    (here, "?cluster=\(encoded)&environment=\(encoded)&pipeline=\(encoded)&application=\(encoded)"),
                    (here, "?after=\(encoded)"), (here, "?link=\(encoded)"),
                ] {
                    let path = Self.path(route, names) + query
                    let answer = try await served.send("GET", path, headers: headers)
                    #expect(
                        answer.headers["Content-Security-Policy"]?.contains("default-src 'none'") == true
                            && answer.headers["Content-Security-Policy"]?.contains("unsafe") == false, "\(path)")
                    #expect(answer.headers["X-Content-Type-Options"] == "nosniff", "\(path)")
                    #expect(answer.status < 500, "\(path): \(answer.status)")
                    #expect(answer.headers["Location"]?.contains("alert(7)") != true, "\(path)")
                    let kind = answer.headers["Content-Type"] ?? ""
                    guard kind.hasPrefix("text/html") else {
                        // What is no page is not taken for one.
                        let isData = ["application/", "text/plain", "text/css", "image/"].contains { kind.hasPrefix($0) }
                        #expect(isData || answer.body.isEmpty, "\(path): \(kind)")
                        continue
                    }
                    pages += 1
                    #expect(Self.danger(in: answer.text) == nil, "\(path): \(Self.danger(in: answer.text) ?? "")")
                    if answer.text.contains("&lt;script&gt;alert(7)") { escaped[route.path, default: 0] += 1 }
                }
            }
            #expect(pages > 80)
            // The measure itself: the texts are there to be seen, on every page that tells of what people and clusters said.
            for path in [
                "/", "/pipelines/{pipeline}", "/clusters/{cluster}", "/applications/{application}", "/events", "/audit", "/account",
                "/clusters/{cluster}/applications/{application}", "/search",
            ] {
                #expect(escaped[path] != nil, "\(path) shows none of it: \(escaped.keys.sorted())")
            }
        }
    }

    @Test(
        "what would be a script is recognised as one",
        arguments: [
            script, image, "<p title='\(attribute)'>", "<a href=\"\(address)\">", "<a HREF = javascript:x>",
            "<meta http-equiv=\"refresh\" content=\"0;url=javascript:alert(7)\">", "<svg onload=alert(1)>", "<p class=\"a\" onclick=\"x\">",
            "<script src=\"https://evil.example/x.js\"></script>", "<form action='data:text/html,x'>",
        ])
    func canFail(_ html: String) { #expect(Self.danger(in: "<!doctype html><p>\(html)</p>") != nil) }

    @Test(
        "what is none is not taken for one",
        arguments: [
            "&lt;script&gt;alert(7)", "<script src=\"/assets/flotilla.js\" defer></script>",
            "<a href=\"/clusters/s1\">on=1 javascript:x</a>",
            "<p title=\"&#39; onmouseover=&#39;x\">", "<p data-x=\"a\">5 > 3 onclick=</p>",
        ])
    func isCalm(_ html: String) { #expect(Self.danger(in: html) == nil) }
}
