// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdTLS
package import Logging
package import Manifests
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Synchronization

/// A server of simulated clusters: one listener, each cluster under `/clusters/<name>`; a single one also at the root.
package final class Simulator: Service {
    private struct Hosted: Sendable {
        let cluster: SimulatedCluster
        let archive: ClusterArchive?
        let alarm: ClusterAlarm
    }

    private struct Start {
        var port: Int?
        var failure: (any Error)?
        var waiting: [CheckedContinuation<Int, any Error>] = []
    }

    private let configuration: SimulatorConfiguration
    private let clusters: [String: Hosted]
    private let single: Hosted?
    private let logger: Logger
    private let clock: @Sendable () -> Timestamp
    /// What is shown to clients now, and those connected; `nil` without TLS.
    private let encryption: Encryption?
    private let connections = ConnectionRegistry()
    private let start = Mutex(Start())

    /// Reads the state folders and builds the clusters; listens only in `run`. Blocks on the disk: call it at start.
    /// - Parameter clock: the time that objects carry and controllers go by.
    package init(
        configuration: SimulatorConfiguration, logger: Logger, clock: @escaping @Sendable () -> Timestamp = { SystemTime.now }
    ) throws {
        self.configuration = configuration
        self.logger = logger
        encryption =
            configuration.usesTLS ? try Encryption(folder: configuration.stateDirectory, host: configuration.host, now: clock()) : nil
        self.clock = clock
        var clusters: [String: Hosted] = [:]
        for (index, given) in configuration.clusters.enumerated() {
            var specification = given
            let folder = configuration.stateDirectory.map { "\($0)/\(given.name)" }
            if specification.token.isEmpty {
                specification.token =
                    try folder.map { folder in
                        try ClusterArchive.token(folder: folder, generate: Self.newToken)
                    } ?? Self.newToken()
            }
            let archive = try folder.map { try ClusterArchive(folder: $0) }
            let log = try configuration.logDirectory.map {
                try RequestLog(cluster: given.name, folder: $0, logsBodies: configuration.behaviour.logsBodies)
            }
            let cluster = SimulatedCluster(
                specification: specification, behaviour: configuration.behaviour, seed: configuration.seed.map { $0 &+ UInt64(index) },
                clock: clock, restored: try archive?.read(), observer: log, recordsChanges: archive != nil)
            archive?.save(cluster)
            clusters[given.name] = Hosted(
                cluster: cluster, archive: archive, alarm: ClusterAlarm(cluster: cluster, archive: archive, clock: clock))
        }
        self.clusters = clusters
        single = clusters.count == 1 ? clusters.values.first : nil
    }

    private static func newToken() -> String {
        (0..<4).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined()
    }

    /// Serves until cancelled or gracefully shut down.
    package func run() async throws {
        for hosted in clusters.values { hosted.alarm.set() }
        let place = ApplicationConfiguration(
            address: .hostname(configuration.host, port: configuration.port), serverName: nil, backlog: 4_096)
        let isRunning: @Sendable (any Channel) async -> Void = { [weak self] in self?.started($0.localAddress?.port ?? 0) }
        let application: Application<Responder>
        if let encryption {
            application = Application(
                responder: Responder(simulator: self), server: try .tls(tlsConfiguration: encryption.configuration()),
                configuration: place,
                onServerRunning: isRunning, eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), logger: logger)
        } else {
            application = Application(
                responder: Responder(simulator: self), configuration: place, onServerRunning: isRunning,
                eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), logger: logger)
        }
        defer {
            for hosted in clusters.values { hosted.alarm.stop() }
        }
        do {
            try await withGracefulShutdownHandler {
                try await application.run()
            } onGracefulShutdown: {
                for hosted in self.clusters.values {
                    hosted.cluster.hold([])
                    hosted.cluster.closeWatches()
                }
            }
        } catch {
            failed(error)
            throw error
        }
        for hosted in clusters.values { try hosted.archive?.close(hosted.cluster) }
    }

    private func started(_ port: Int) {
        let waiting = start.withLock { start in
            start.port = port
            defer { start.waiting = [] }
            return start.waiting
        }
        for continuation in waiting { continuation.resume(returning: port) }
    }

    private func failed(_ error: any Error) {
        let waiting = start.withLock { start in
            start.failure = error
            defer { start.waiting = [] }
            return start.waiting
        }
        for continuation in waiting { continuation.resume(throwing: error) }
    }

    /// Waits until the server listens; answers its port.
    @discardableResult package func ready() async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            let known: Result<Int, any Error>? = start.withLock { start in
                if let port = start.port { return .success(port) }
                if let failure = start.failure { return .failure(failure) }
                start.waiting.append(continuation)
                return nil
            }
            if let known { continuation.resume(with: known) }
        }
    }

    /// The port listened on; `nil` before that.
    package var port: Int? { start.withLock { $0.port } }

    /// The certificate that clients trust, as PEM; `nil` without TLS.
    package var certificateAuthority: String? { encryption?.current.certificatePEM }

    /// The certificate and key, as PEM, of the administrator of every cluster; `nil` without TLS.
    package var administratorCertificate: (certificate: String, key: String)? {
        encryption.map { ($0.administrator.certificatePEM, $0.administrator.keyPEM) }
    }

    /// Shows another certificate, of an authority of its own, from now on, and drops every connection made under the old one.
    ///
    /// Clients that trust the old authority fail until they read `certificateAuthority` anew. The new one is not kept on disk.
    /// - Returns: the new authority's certificate, as PEM; `nil` without TLS.
    @discardableResult package func rotateCertificate() throws -> String? {
        guard let encryption else { return nil }
        let made = try encryption.rotate(host: configuration.host, now: clock())
        dropConnections()
        return made.certificatePEM
    }

    /// Closes every connection without a word.
    package func dropConnections() { connections.closeAll() }

    package var names: [String] { configuration.clusters.map(\.name) }

    /// A cluster in process, past HTTP.
    package func cluster(_ name: String) -> SimulatedCluster? { clusters[name]?.cluster }

    /// Where clients reach a cluster; `nil` when it does not exist or the server does not listen yet.
    package func url(for cluster: String) -> String? {
        guard clusters[cluster] != nil, let port else { return nil }
        let host = configuration.host == "0.0.0.0" ? "127.0.0.1" : configuration.host
        return "\(encryption == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)/clusters/\(cluster)"
    }

    /// The kubeconfig of a cluster's administrator, as YAML.
    package func kubeconfig(for cluster: String) -> String? {
        guard let url = url(for: cluster), let token = clusters[cluster]?.cluster.token else { return nil }
        var place: Map = ["server": .string(url)]
        if let authority = certificateAuthority {
            place["certificate-authority-data"] = .string(Base64.encode(Array(authority.utf8)))
        }
        return YAML.write([
            "apiVersion": "v1", "kind": "Config", "clusters": [["name": .string(cluster), "cluster": .map(place)]],
            "users": [["name": .string("\(cluster)-admin"), "user": ["token": .string(token)]]],
            "contexts": [["name": .string(cluster), "context": ["cluster": .string(cluster), "user": .string("\(cluster)-admin")]]],
            "current-context": .string(cluster),
        ])
    }

    /// Changes the trouble that one cluster, or with `nil` every cluster, makes.
    package func setFaults(_ faults: Faults, cluster: String? = nil) {
        for (name, hosted) in clusters where cluster == nil || cluster == name { hosted.cluster.setFaults(faults) }
    }

    package func act(_ action: FaultAction, cluster: String? = nil) {
        for (name, hosted) in clusters where cluster == nil || cluster == name { hosted.cluster.act(action) }
    }

    // MARK: - Requests

    /// The longest body taken, as the real server's.
    private static let bodyBytesMax = 3 * 1_024 * 1_024

    private struct Responder: HTTPResponder {
        let simulator: Simulator

        func respond(to request: Request, context: ConnectionContext) async throws -> Response {
            try await simulator.respond(request, context.channel)
        }
    }

    private func respond(_ request: Request, _ channel: any Channel) async throws -> Response {
        let isAdministrator = await connections.isAdministrator(channel, isEncrypted: encryption != nil)
        var path = URLText.decode(request.uri.path)
        let hosted: Hosted
        if path.hasPrefix("/clusters/") {
            let rest = path.dropFirst(10)
            let name = rest.prefix { $0 != "/" }
            guard let found = clusters[String(name)] else { return Self.plain(404, "no such simulated cluster\n") }
            hosted = found
            path = String(rest.dropFirst(name.count))
            if path.isEmpty { path = "/" }
        } else if let single {
            hosted = single
        } else if path == "/healthz" {
            return Self.plain(200, "ok")
        } else {
            return Self.plain(404, "clusters are served at /clusters/<name>\n")
        }
        let body: [UInt8]
        do {
            body = Array(buffer: try await request.body.collect(upTo: Self.bodyBytesMax))
        } catch is NIOTooManyBytesError {
            let status = StatusError(
                code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is \(Self.bodyBytesMax)",
                details: Map())
            return Self.response(APIResponse(.object(status.value, status: 413)))
        }
        var asked = APIRequest(
            method: request.method.rawValue, path: path, query: URLText.query(request.uri.query ?? ""),
            headers: request.headers.map { ($0.name.rawName, $0.value) } + (request.head.authority.map { [("host", $0)] } ?? []),
            body: body)
        asked.isAdministrator = isAdministrator
        if path.hasPrefix("/simulator/"), let answer = try serve(asked, hosted.cluster) { return Self.response(answer) }
        let delay = hosted.cluster.delay(of: asked)
        if delay > .zero { try await Task.sleep(for: delay) }
        await hosted.cluster.pass(asked)
        let response = hosted.cluster.handle(asked)
        hosted.archive?.save(hosted.cluster)
        hosted.alarm.set()
        return Self.response(response)
    }

    /// What concerns the server rather than one cluster: `POST /simulator/certificate` rotates it, `POST /simulator/connections` drops them,
    /// `POST /simulator/token` renews the administrator's token.
    private func serve(_ request: APIRequest, _ cluster: SimulatedCluster) throws -> APIResponse? {
        guard ["/simulator/certificate", "/simulator/connections", "/simulator/token"].contains(request.path) else { return nil }
        guard cluster.isAdministrator(request) else {
            return APIResponse(.object(StatusError(code: 401, reason: "Unauthorized", message: "Unauthorized").value, status: 401))
        }
        let changes = request.method == "POST"
        switch request.path {
        case "/simulator/certificate":
            let authority = changes ? try rotateCertificate() : certificateAuthority
            return APIResponse(.object(["certificateAuthority": authority.map { .string($0) } ?? .null]))
        case "/simulator/token":
            return APIResponse(.object(["token": .string(changes ? cluster.renewToken() : cluster.token)]))
        default:
            if changes { dropConnections() }
            return APIResponse(.object(["connections": .int(Int64(connections.count))]))
        }
    }

    private static func plain(_ status: Int, _ text: String) -> Response {
        response(APIResponse(.text(text, status: status)))
    }

    private static func response(_ response: APIResponse) -> Response {
        var headers = HTTPFields()
        for (name, value) in response.headers {
            if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
        }
        let body: ResponseBody
        switch response.body {
        case .bytes(let bytes): body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stream(let stream):
            body = ResponseBody { writer in
                for await chunk in stream { try await writer.write(ByteBuffer(bytes: chunk)) }
                try await writer.finish(nil)
            }
        }
        return Response(status: .init(code: response.status), headers: headers, body: body)
    }
}

/// Wakes a cluster when it has something to do by itself.
private final class ClusterAlarm: Sendable {
    private struct State {
        var due: Timestamp?
        var task: Scheduled<Void>?
        var isStopped = false
    }

    private let cluster: SimulatedCluster
    private let archive: ClusterArchive?
    private let clock: @Sendable () -> Timestamp
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let state = Mutex(State())

    init(cluster: SimulatedCluster, archive: ClusterArchive?, clock: @escaping @Sendable () -> Timestamp) {
        self.cluster = cluster
        self.archive = archive
        self.clock = clock
    }

    /// Sees to it that the cluster is woken when it next asks to be.
    func set() {
        guard let due = cluster.nextDue else { return }
        state.withLock { state in
            if state.isStopped { return }
            if let present = state.due, present <= due { return }
            state.task?.cancel()
            state.due = due
            let wait = max(0, (due - clock()).wholeMilliseconds)
            state.task = loop.scheduleTask(in: .milliseconds(wait)) { [weak self] in self?.ring() }
        }
    }

    private func ring() {
        let isStopped = state.withLock { state in
            state.due = nil
            state.task = nil
            return state.isStopped
        }
        if isStopped { return }
        cluster.advance()
        archive?.save(cluster)
        set()
    }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.task?.cancel()
            state.task = nil
        }
    }
}
