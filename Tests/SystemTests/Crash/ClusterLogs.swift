// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests

/// Follows the clusters' request logs while they grow: who runs which image by now.
struct ClusterLogs {
    let folder: String
    private var offsets: [String: UInt64] = [:]
    private var rests: [String: String] = [:]
    /// By cluster, what `web` is made of and whether all of it is ready.
    private(set) var web: [String: (image: String, isSettled: Bool)] = [:]

    init(folder: String) { self.folder = folder }

    func path(_ cluster: String) -> String { "\(folder)/requests/\(cluster)/requests.jsonl" }

    mutating func read() throws {
        for cluster in RunningFleet.clusters {
            for observation in try news(cluster) {
                guard case .workload(let workload) = observation.what, workload.object.name == "web" else { continue }
                web[cluster] = (workload.images.first ?? "", workload.isSettled)
            }
        }
    }

    /// What has been logged since the last call, whole lines only.
    mutating func news(_ cluster: String) throws -> [Observation] {
        guard let file = FileHandle(forReadingAtPath: path(cluster)) else { return [] }
        defer { try? file.close() }
        try file.seek(toOffset: offsets[cluster] ?? 0)
        let data = try file.readToEnd() ?? Data()
        offsets[cluster, default: 0] += UInt64(data.count)
        let text = (rests[cluster] ?? "") + String(decoding: data, as: UTF8.self)
        guard let end = text.lastIndex(of: "\n") else {
            rests[cluster] = text
            return []
        }
        rests[cluster] = String(text[text.index(after: end)...])
        return try RequestLines.read(String(text[...end]), cluster: cluster)
    }

    /// How many of the clusters are ready with an image.
    func settled(_ clusters: [String], with image: String) -> Int {
        clusters.count { cluster in web[cluster].map { $0.image == image && $0.isSettled } ?? false }
    }

    func have(_ clusters: [String], _ image: String) -> Int { clusters.count { web[$0]?.image == image } }

    /// Everything that was ever logged.
    func everything() throws -> [String: [Observation]] {
        var all: [String: [Observation]] = [:]
        for cluster in RunningFleet.clusters {
            all[cluster] = try RequestLines.read(try String(contentsOfFile: path(cluster), encoding: .utf8), cluster: cluster)
        }
        return all
    }
}
