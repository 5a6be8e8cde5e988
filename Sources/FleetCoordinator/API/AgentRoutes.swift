// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import HTTPTypes
import Manifests

/// What agents ask: `/agent/v1`. The cluster is the one that the certificate names, whatever the body says.
struct AgentRoutes: Sendable {
    let agents: AgentService
    let counters: Counters

    static let pollMax = 4 << 20
    static let objectsMax = 1 << 20
    static let reportMax = 16 << 20
    static let resultsMax = 4 << 20

    func add(to table: inout RouteTable) {
        table.post(
            "/agent/v1/poll", .agent, "Waits for desired state that differs from what the agent holds", bodyMax: Self.pollMax,
            answer: .object("PollResponse")
        ) { call in
            try await Self.versioned(call) {
                try await agents.poll(PollRequest(json: $0), cluster: call.cluster(), identity: call.agent()).json
            }
        }
        table.post(
            "/agent/v1/objects", .agent, "Fetches objects of the cluster's own bundles by digest", bodyMax: Self.objectsMax,
            answer: .object("ObjectsResponse")
        ) { call in
            try await Self.versioned(call, bytes: { try await objects(ObjectsRequest(json: $0), cluster: call.cluster()) })
        }
        table.post(
            "/agent/v1/report", .agent, "Takes what the agent has done and seen; answers when that is durable", bodyMax: Self.reportMax,
            answer: .object("ReportResponse")
        ) { call in
            try await Self.versioned(call) { value in
                let answer = try await agents.report(Report(json: value), cluster: call.cluster())
                counters.add(.reports)
                return answer.json
            }
        }
        addCommands(to: &table)
    }

    func addCommands(to table: inout RouteTable) {
        table.post(
            "/agent/v1/command-results", .agent, "Takes how commands ended; the first answer to each counts", bodyMax: Self.resultsMax,
            answer: .object("CommandResultsResponse")
        ) { call in
            try await Self.versioned(call) { value in
                let results = try CommandResults(json: value)
                guard results.results.allSatisfy({ JSON.write($0.output).count <= CommandResult.outputBytesMax + 1_024 }) else {
                    throw APIFailure(
                        .contentTooLarge, "too-large", "an output is longer than \(CommandResult.outputBytesMax) bytes")
                }
                return try await agents.results(results, cluster: call.cluster()).json
            }
        }
    }

    /// The stored bodies are canonical JSON: they are put together as they are, unread.
    private func objects(_ request: ObjectsRequest, cluster: String) async throws -> [UInt8] {
        let fetched = try await agents.objects(request, cluster: cluster)
        var bytes = Array("{\"objects\":[".utf8)
        bytes.reserveCapacity(fetched.objects.reduce(16) { $0 + $1.utf8.count + 1 })
        for (index, body) in fetched.objects.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += body.utf8
        }
        bytes.append(UInt8(ascii: "]"))
        if !fetched.originals.isEmpty {
            bytes += Array(",\"originals\":".utf8)
            bytes += JSON.write(.list(fetched.originals.map { .string($0) }))
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    static func versioned(_ call: Call, _ answer: (Value) async throws -> Value) async throws -> Reply {
        try await versioned(call, bytes: { JSON.write(try await answer($0)) })
    }

    /// Settles the protocol's version first: a message of another version is not looked at.
    private static func versioned(_ call: Call, bytes answer: (Value) async throws -> [UInt8]) async throws -> Reply {
        guard let name = HTTPField.Name(ProtocolVersion.header) else { throw APIFailure.notFound("no protocol") }
        guard let version = ProtocolVersion.negotiate(call.headers[name]) else {
            let supported = "\(ProtocolVersion.oldest) to \(ProtocolVersion.current)"
            throw APIFailure(
                .upgradeRequired, "unsupported-protocol", "this coordinator speaks versions \(supported) of the agent protocol",
                hint: "send the header '\(ProtocolVersion.header)', or install an agent of a supported version",
                headers: [name: "\(ProtocolVersion.current)", .upgrade: "flotilla/\(ProtocolVersion.current)"])
        }
        do {
            var reply = Reply.json(bytes: try await answer(JSON.read(call.body)))
            reply.headers[name] = "\(version)"
            return reply
        } catch let refusal as AgentService.Refusal {
            guard refusal != .revoked else { throw AgentGate.revoked }
            throw APIFailure.conflict("refused", "\(refusal)")
        }
    }
}
