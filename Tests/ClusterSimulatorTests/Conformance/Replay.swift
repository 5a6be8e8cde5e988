// SPDX-License-Identifier: Apache-2.0

import Manifests

@testable import ClusterSimulator

/// Sends a recording's requests to a cluster and compares the answers: placeholders are bound where they first appear and
/// must stay the same; times and other free marks need only be there.
struct Replay {
    private static let bindable: Set<String> = ["uid", "rv", "suffix", "hash", "continue", "clusterIP", "podIP"]

    private let cluster: TestCluster
    private var bound: [String: String] = [:]
    private(set) var compared = 0
    private(set) var differing: [String] = []
    /// What the recording's server went through before a step, by the step's number.
    var interventions: [Int: @Sendable (TestCluster) -> Void] = [:]
    /// Versions of lists count writes elsewhere too: their order says nothing.
    private var loose: Set<String> = []

    init(_ cluster: TestCluster) { self.cluster = cluster }

    mutating func run(_ recording: Value) {
        let steps = recording["steps"]?.list ?? []
        // How the writes of controllers interleave differs from run to run.
        let comparesStreams = !["12", "13", "14"].contains(recording["scenario"]?.string?.prefix(2) ?? "")
        var index = 0
        while index < steps.count {
            let step = steps[index]
            interventions[index]?(cluster)
            index += 1
            // A command of kubectl: its requests follow.
            guard let request = step["request"], request.map != nil else { continue }
            var problems: [String] = []
            if let stream = step.at("response", "stream")?.list {
                if !comparesStreams { continue }
                if stream.contains(where: { $0["type"] == "BOOKMARK" && $0.at("object", "metadata", "annotations") == nil }) { continue }
                let opened = open(request, note: step["note"]?.string ?? "")
                while step["during"] != nil, index < steps.count, steps[index]["inWatch"]?.bool == true {
                    problems += answer(steps[index])
                    index += 1
                }
                problems += compare(stream, opened)
            } else if step["poll"]?.bool == true {
                for _ in 0..<600 {
                    problems = answer(step)
                    if problems.isEmpty { break }
                    cluster.pass(.milliseconds(100))
                }
            } else if request["body"]?.string?.hasPrefix("<") == true {
                continue
            } else {
                problems = answer(step)
            }
            compared += 1
            if !problems.isEmpty {
                let path = request["path"]?.string ?? ""
                differing.append("\(index - 1) \(request["method"]?.string ?? "") \(path): \(problems[0])")
            }
        }
    }

    private func prepared(_ request: Value) -> APIRequest {
        var headers: [(name: String, value: String)] = [("accept", "application/json")]
        for entry in request["headers"]?.map ?? Map() {
            headers.removeAll { $0.name == entry.key.lowercased() }
            if let value = entry.value.string { headers.append((entry.key.lowercased(), fill(value))) }
        }
        // Who says nothing else is the administrator.
        if request["headers"]?["Authorization"] == nil { headers.append(("authorization", "Bearer secret")) }
        if let type = request["contentType"]?.string { headers.append(("content-type", type)) }
        let query = (request["query"]?.map ?? Map()).flatMap { entry -> [(name: String, value: String)] in
            (entry.value.list ?? [entry.value]).map { (entry.key, fill($0.string ?? JSON.text($0))) }
        }
        let body: [UInt8] =
            switch request["body"] {
            case nil, .null?: []
            case .string(let text)?: Array(fill(text).utf8)
            case let value?: JSON.write(filled(value))
            }
        return APIRequest(
            method: request["method"]?.string ?? "GET", path: fill(request["path"]?.string ?? ""), query: query, headers: headers,
            body: body)
    }

    private func filled(_ value: Value) -> Value {
        switch value {
        case .string(let text): .string(fill(text))
        case .list(let items): .list(items.map(filled))
        case .map(let map): .map(Map(map.map { (fill($0.key), filled($0.value)) }))
        default: value
        }
    }

    private func fill(_ text: String) -> String {
        Marked(text).pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .mark(let name): name == "time" ? "2026-01-01T00:00:00Z" : bound[name] ?? "<\(name)>"
            }
        }.joined()
    }

    private mutating func answer(_ step: Value) -> [String] {
        let response = cluster.cluster.handle(prepared(step["request"] ?? [:]))
        cluster.pass(.milliseconds(5), step: .milliseconds(5))
        let want = step["response"] ?? [:]
        var problems: [String] = []
        if want["status"]?.int != Int64(response.status) {
            problems.append("status: wanted \(want["status"]?.int ?? 0), got \(response.status)")
        }
        let body = (try? JSON.read(response.bytes)) ?? .string(String(decoding: response.bytes, as: UTF8.self))
        var trial: [String: String] = [:]
        if let version = want.at("body", "metadata", "resourceVersion")?.string,
            want.at("body", "items") != nil || want.at("body", "rows") != nil,
            let actual = body.at("metadata", "resourceVersion")?.string, version.hasPrefix("<")
        {
            bound[String(version.dropFirst().dropLast())] = actual
            loose.insert(String(version.dropFirst().dropLast()))
        }
        let type = response.headers.first { $0.name == "Content-Type" }?.value.prefix { $0 != ";" } ?? ""
        if let wanted = want["contentType"]?.string, wanted.prefix(while: { $0 != ";" }) != type {
            problems.append("content type: wanted \(wanted), got \(type)")
        }
        for name in ["Warning", "Retry-After"] {
            let wanted = want.at("headers", name)?.list ?? []
            let given = response.headers.filter { $0.name == name }.map { Value.string($0.value) }
            if name == "Warning" || !wanted.isEmpty { same(.list(wanted), .list(given), name, &trial, &problems) }
        }
        same(want["body"] ?? .null, body, "", &trial, &problems)
        if let token = body.at("status", "token")?.string { bound["jwt"] = token }
        if problems.isEmpty || step["poll"] == nil { bound.merge(trial) { _, new in new } }
        return problems
    }

    private func open(_ request: Value, note: String) -> AsyncStream<[UInt8]>? {
        var prepared = prepared(request)
        if let start = note.firstRange(of: "Accept: ")?.upperBound {
            prepared.headers = [("accept", String(note[start...].prefix { $0 != ")" }))]
        }
        guard case .stream(let stream) = cluster.cluster.handle(prepared).body else { return nil }
        return stream
    }

    private mutating func compare(_ want: [Value], _ stream: AsyncStream<[UInt8]>?) -> [String] {
        guard let stream else { return ["no stream"] }
        pending.append((want, stream, bound))
        return []
    }

    private var pending: [(want: [Value], stream: AsyncStream<[UInt8]>, bound: [String: String])] = []

    /// Versions in the order of their ranks, but for those that controllers wrote in an order of their own.
    mutating func checkOrder() {
        let versions = bound.compactMap { name, value -> (rank: Int, value: Int)? in
            guard name.hasPrefix("rv:"), !loose.contains(name), let rank = Int(name.dropFirst(3)), let value = Int(value) else {
                return nil
            }
            return (rank, value)
        }.sorted { $0.rank < $1.rank }
        for (one, next) in zip(versions, versions.dropFirst()) where one.value >= next.value {
            differing.append("rv:\(one.rank) = \(one.value) is not below rv:\(next.rank) = \(next.value)")
        }
    }

    /// Reads the watches to their end and compares what they saw.
    mutating func finish() async {
        cluster.cluster.closeWatches()
        for (want, stream, _) in pending {
            var got: [Value] = []
            for await line in stream {
                if let value = try? JSON.read(line), value["type"] != "BOOKMARK" || value.at("object", "metadata", "annotations") != nil {
                    got.append(value)
                }
            }
            var trial: [String: String] = [:]
            var problems: [String] = []
            // What came after the recording's end does not count.
            same(.list(want), .list(Array(got.prefix(want.count))), "stream", &trial, &problems)
            bound.merge(trial) { _, new in new }
            if !problems.isEmpty { differing.append("watch: \(problems[0])") }
        }
    }

    private func same(_ want: Value, _ got: Value, _ path: String, _ trial: inout [String: String], _ problems: inout [String]) {
        switch (want, got) {
        case (.map(let want), .map(let got)):
            var left = got
            for entry in want {
                let key =
                    left[entry.key] != nil ? entry.key : left.keys.first { Marked(entry.key).hasMarks && matches(entry.key, $0, &trial) }
                guard let key, let value = left[key] else {
                    problems.append("\(path).\(entry.key): missing")
                    continue
                }
                left[key] = nil
                same(entry.value, value, "\(path).\(entry.key)", &trial, &problems)
            }
            for entry in left { problems.append("\(path).\(entry.key): not wanted, \(JSON.text(entry.value).prefix(120))") }
        case (.list(var want), .list(var got)):
            let last = path.split(separator: ".").last.map(String.init) ?? ""
            if last == "conditions" || last == "managedFields", want.count == got.count {
                func order(_ value: Value) -> String {
                    "\(value["type"]?.string ?? "") \(value["manager"]?.string ?? "") \(value["operation"]?.string ?? "") \(value["subresource"]?.string ?? "")"
                }
                want.sort { order($0) < order($1) }
                got.sort { order($0) < order($1) }
            }
            if want.count != got.count { problems.append("\(path): \(want.count) items wanted, got \(got.count)") }
            for (index, pair) in zip(want, got).enumerated() { same(pair.0, pair.1, "\(path)[\(index)]", &trial, &problems) }
        case (.string(let want), .string(let got)):
            if !matches(want, got, &trial) { problems.append("\(path): wanted \(want.prefix(200)), got \(got.prefix(200))") }
        case (.string("<nodePort>"), .int): break
        default: if want != got { problems.append("\(path): wanted \(JSON.text(want).prefix(120)), got \(JSON.text(got).prefix(120))") }
        }
    }

    private func matches(_ want: String, _ got: String, _ trial: inout [String: String]) -> Bool {
        let pieces = Marked(want).pieces
        var rest = Substring(got)
        for (index, piece) in pieces.enumerated() {
            switch piece {
            case .text(let text):
                guard rest.hasPrefix(text) else { return false }
                rest = rest.dropFirst(text.count)
            case .mark(let name):
                let kind = name.split(separator: ":").first.map(String.init) ?? name
                let isBindable = name.contains(":") && Self.bindable.contains(kind)
                if isBindable, let known = trial[name] ?? bound[name] {
                    guard rest.hasPrefix(known) else { return false }
                    rest = rest.dropFirst(known.count)
                    continue
                }
                var end = rest.endIndex
                if index + 1 < pieces.count, case .text(let next) = pieces[index + 1] {
                    guard let range = rest.firstRange(of: next) else { return false }
                    end = range.lowerBound
                }
                guard end > rest.startIndex else { return false }
                if isBindable { trial[name] = String(rest[..<end]) }
                rest = rest[end...]
            }
        }
        return rest.isEmpty
    }
}

/// A text with marks such as `<uid:1>`.
private struct Marked {
    enum Piece {
        case text(String)
        case mark(String)
    }

    private static let kinds: Set<String> = [
        "uid", "rv", "suffix", "hash", "continue", "clusterIP", "podIP", "time", "microtime", "pem", "jwt", "n", "server-address",
        "nodePort",
    ]

    var pieces: [Piece] = []
    var hasMarks: Bool {
        pieces.contains { piece in if case .mark = piece { true } else { false } }
    }

    init(_ text: String) {
        var rest = Substring(text)
        var plain = ""
        while let start = rest.firstIndex(of: "<") {
            plain += rest[..<start]
            let inside = rest[rest.index(after: start)...].prefix { $0.isLetter || $0.isNumber || $0 == ":" || $0 == "-" }
            let end = inside.endIndex
            let kind = inside.split(separator: ":").first.map(String.init) ?? ""
            if end < rest.endIndex, rest[end] == ">", Self.kinds.contains(kind) {
                if !plain.isEmpty { pieces.append(.text(plain)) }
                plain = ""
                pieces.append(.mark(String(inside)))
                rest = rest[rest.index(after: end)...]
            } else {
                plain += "<"
                rest = rest[rest.index(after: start)...]
            }
        }
        plain += rest
        if !plain.isEmpty { pieces.append(.text(plain)) }
    }
}
