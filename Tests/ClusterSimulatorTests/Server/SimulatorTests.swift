// SPDX-License-Identifier: Apache-2.0

import Logging
import Manifests
import NIOPosix
import Testing

@testable import ClusterSimulator

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.serialized) struct SimulatorTests {
    /// One request over a plain connection that is closed afterwards.
    private func send(_ port: Int, _ text: String) async throws -> String {
        try await NIOThreadPool.singleton.runIfActive {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let connected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
            guard connected == 0 else { return "cannot connect" }
            _ = Files.write(Array(text.utf8), to: descriptor)
            var result: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                guard count > 0 else { break }
                result += buffer[..<count]
            }
            return String(decoding: result, as: UTF8.self)
        }
    }

    private func request(_ method: String, _ path: String, token: String, body: String = "") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \(token)\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func serving<Result: Sendable>(
        _ configuration: SimulatorConfiguration, _ body: (Simulator, Int) async throws -> Result
    ) async throws -> Result {
        let simulator = try Simulator(configuration: configuration, logger: Logger(label: "test"))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await simulator.run() }
            let result = try await body(simulator, try await simulator.ready())
            group.cancelAll()
            try? await group.waitForAll()
            return result
        }
    }

    private func temporary() -> String { "/tmp/flotilla-simulator-\(UInt64.random(in: 0...UInt64.max))" }

    @Test func servesClustersUnderTheirNamesAndLogsRequests() async throws {
        let folder = temporary()
        defer { _ = TestFolder.remove(folder) }
        let configuration = SimulatorConfiguration(
            clusters: ["a", "b"].map { ClusterSpecification(name: $0, token: "t-\($0)") }, logDirectory: folder, usesTLS: false)
        let answers = try await serving(configuration) { simulator, port in
            let secret = #"{"metadata":{"name":"s","labels":{"flotilla.dev/application":"shop"}},"stringData":{"k":"hidden-value"}}"#
            let made = try await send(port, request("POST", "/clusters/a/api/v1/namespaces/default/secrets", token: "t-a", body: secret))
            let other = try await send(port, request("GET", "/clusters/b/api/v1/namespaces/default/secrets/s", token: "t-b"))
            let wrong = try await send(port, request("GET", "/clusters/b/api/v1/secrets", token: "t-a"))
            let missing = try await send(port, request("GET", "/clusters/c/api", token: "t-a"))
            #expect(simulator.kubeconfig(for: "a")?.contains("/clusters/a") == true)
            return [made, other, wrong, missing]
        }
        #expect(answers.map { $0.split(separator: " ").dropFirst().first } == ["201", "404", "401", "404"])
        let log = String(decoding: try #require(try Files.read("\(folder)/a/requests.jsonl")), as: UTF8.self)
        let line = try #require(log.split(separator: "\n").first { $0.contains("\"create\"") })
        let entry = try JSON.read(String(line))
        #expect(entry.at("object", "kind") == "Secret")
        #expect(entry.at("flotilla", "flotilla.dev/application") == "shop")
        #expect(entry["digest"]?.string?.hasPrefix("sha256:") == true)
        #expect(!log.contains("hidden-value"))
    }

    @Test func findsItsObjectsAgain() async throws {
        let folder = temporary()
        defer { _ = TestFolder.remove(folder) }
        let configuration = SimulatorConfiguration(clusters: [ClusterSpecification(name: "a")], stateDirectory: folder, usesTLS: false)
        let first = try await serving(configuration) { simulator, _ -> String in
            let cluster = try #require(simulator.cluster("a"))
            let headers = [(name: "Authorization", value: "Bearer \(cluster.specification.token)")]
            let body = Array(#"{"metadata":{"name":"kept"},"data":{"k":"v"}}"#.utf8)
            _ = cluster.handle(
                APIRequest(
                    method: "POST", path: "/api/v1/namespaces/default/configmaps",
                    headers: headers + [("Content-Type", "application/json")],
                    body: body))
            return cluster.specification.token
        }
        let second = try await serving(configuration) { simulator, port -> String in
            #expect(simulator.cluster("a")?.specification.token == first)
            return try await send(port, request("GET", "/clusters/a/api/v1/namespaces/default/configmaps/kept", token: first))
        }
        #expect(second.contains("200 OK"))
        #expect(second.contains(#""data":{"k":"v"}"#))
    }

    @Test func renewsTheTokenAndTheCertificateWhileItServes() async throws {
        let configuration = SimulatorConfiguration(clusters: [ClusterSpecification(name: "a", token: "t-a")])
        try await serving(configuration) { simulator, _ in
            let before = try #require(simulator.certificateAuthority)
            let after = try #require(try simulator.rotateCertificate())
            #expect(before != after)
            #expect(simulator.certificateAuthority == after)
            #expect(simulator.kubeconfig(for: "a")?.contains(Base64.encode(Array(after.utf8))) == true)
            let cluster = try #require(simulator.cluster("a"))
            let renewed = cluster.renewToken()
            #expect(renewed != "t-a")
            #expect(simulator.kubeconfig(for: "a")?.contains(renewed) == true)
        }
    }

    @Test func takesOrdersForTheWholeServer() async throws {
        let configuration = SimulatorConfiguration(clusters: [ClusterSpecification(name: "a", token: "t-a")], usesTLS: false)
        let answers = try await serving(configuration) { _, port in
            let refused = try await send(port, request("POST", "/simulator/token", token: "wrong"))
            let counted = try await send(port, request("GET", "/simulator/connections", token: "t-a"))
            let renewed = try await send(port, request("POST", "/simulator/token", token: "t-a"))
            let stale = try await send(port, request("GET", "/api/v1/pods", token: "t-a"))
            return [refused, counted, renewed, stale]
        }
        #expect(answers.map { $0.split(separator: " ").dropFirst().first } == ["401", "200", "200", "401"])
        #expect(answers[1].contains(#""connections":1"#))
    }

    @Test func makesACertificateThatIsItsOwnAuthority() throws {
        let certificate = try ServerCertificate(.server(host: "127.0.0.1"), now: Timestamp(seconds: 1_760_000_000))
        #expect(certificate.certificatePEM.hasPrefix("-----BEGIN CERTIFICATE-----\n"))
        #expect(certificate.keyPEM.contains("PRIVATE KEY"))
    }
}

enum TestFolder {
    /// Removes a test's folder.
    static func remove(_ path: String) -> Bool {
        guard path.hasPrefix("/tmp/flotilla-simulator-") else { return false }
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name == "." || name == ".." { continue }
                if !remove("\(path)/\(name)") { unlink("\(path)/\(name)") }
            }
            closedir(directory)
            return rmdir(path) == 0
        }
        return false
    }
}
