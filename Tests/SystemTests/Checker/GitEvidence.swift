// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Reads a pipeline's history out of its repository with stock Git.
struct GitEvidence {
    let git: StockGit
    let shape: FleetShape
    /// When a commit was seen to become the head of its branch, where somebody watched.
    var pushedAt: [String: Timestamp] = [:]
    /// Manifests by blob.
    private var manifests: [String: [(ObjectIdentity, Digest)]] = [:]
    private var problems: [String] = []

    init(repository: String, shape: FleetShape, pushedAt: [String: Timestamp] = [:]) {
        git = StockGit(repository: repository)
        self.shape = shape
        self.pushedAt = pushedAt
    }

    mutating func history() throws -> History {
        var stages: [String: History.Stage] = [:]
        let journal = try journal()
        for stage in shape.stages {
            var read = journal[stage.environment] ?? History.Stage()
            read.records = try records(of: stage.environment)
            stages[stage.environment] = read
        }
        return History(stages: stages, problems: problems)
    }

    private struct Commit {
        var id: String
        var seconds: Int64
        var parents: [Substring]
        var tree: String
        var message: String
    }

    /// A branch's commits, oldest first.
    private func log(_ branch: String) throws -> [Commit] {
        guard try git.commit("refs/heads/\(branch)") != nil else { return [] }
        let text = try git("log", "--reverse", "--format=%H%x1f%ct%x1f%P%x1f%T%x1f%B%x1e", "refs/heads/\(branch)", "--")
        return text.split(separator: "\u{1e}").compactMap { entry in
            let fields = entry.split(separator: "\u{1f}", omittingEmptySubsequences: false)
            guard fields.count == 5 else { return nil }
            return Commit(
                id: String(fields[0].filter { !$0.isWhitespace }), seconds: Int64(fields[1]) ?? 0, parents: fields[2].split(separator: " "),
                tree: String(fields[3]), message: String(fields[4]))
        }
    }

    private static func trailers(_ message: String) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for line in message.split(separator: "\n") where line.hasPrefix("Flotilla-") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            found[String(line[..<colon]), default: []].append(String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
        return found
    }

    private mutating func records(of environment: String) throws -> [History.Record] {
        let branch = "flotilla/\(shape.pipeline)/\(environment)"
        var records: [History.Record] = []
        for (index, commit) in try log(branch).enumerated() {
            if commit.parents.count != min(index, 1) {
                problems.append("\(branch): \(commit.id.prefix(7)) has \(commit.parents.count) parents")
            }
            let trailers = Self.trailers(commit.message)
            let promotion = trailers["Flotilla-Promotion"]?.first
            let release = trailers["Flotilla-Release"]?.first ?? commit.id
            let made = Timestamp(seconds: commit.seconds)
            if promotion != nil { try judgeRelease(release, of: commit, in: branch) }
            records.append(
                History.Record(
                    commit: commit.id, visibleAt: pushedAt[commit.id] ?? made, committedAt: made, release: release, promotion: promotion,
                    origin: promotion == nil ? .human : .promotion(trailers["Flotilla-Origin"]?.first ?? ""),
                    isOverride: trailers["Flotilla-Gate"]?.contains { $0.hasPrefix("override") } ?? false,
                    objects: try objects(at: commit.id, environment: environment)))
        }
        return records
    }

    /// A record deploys its release's own tree, and keeps the release reachable.
    private mutating func judgeRelease(_ release: String, of commit: Commit, in branch: String) throws {
        guard try git.commit("refs/flotilla/releases/\(release)") == release else {
            problems.append("\(branch): refs/flotilla/releases/\(release) is missing")
            return
        }
        let tree = try git("rev-parse", "\(release)^{tree}")
        if tree != commit.tree {
            problems.append("\(branch): \(commit.id.prefix(7)) has another tree than its release \(release.prefix(7))")
        }
    }

    private mutating func objects(at commit: String, environment: String) throws -> [String: [ObjectIdentity: Digest]] {
        var found: [String: [ObjectIdentity: Digest]] = [:]
        for application in shape.applications.keys {
            let folder = shape.folder(of: application, in: environment)
            var objects: [ObjectIdentity: Digest] = [:]
            for line in try git("ls-tree", commit, "--", "\(folder)/").split(separator: "\n") {
                // <mode> SP <type> SP <object> TAB <file>
                let parts = line.split(separator: "\t", maxSplits: 1)
                let words = parts[0].split(separator: " ")
                guard words.count == 3, words[1] == "blob", parts[1].hasSuffix(".yaml") else { continue }
                for (identity, digest) in try manifests(String(words[2])) { objects[identity] = digest }
            }
            found[application] = objects
        }
        return found
    }

    private mutating func manifests(_ blob: String) throws -> [(ObjectIdentity, Digest)] {
        if let known = manifests[blob] { return known }
        let text = try git("cat-file", "blob", blob)
        let read = try YAML.documents(Array(text.utf8)).compactMap { document in
            ObjectIdentity(document).map { ($0, Content.digest(document)) }
        }
        manifests[blob] = read
        return read
    }

    /// Every stage's decisions, from the newest `state.json`.
    private mutating func journal() throws -> [String: History.Stage] {
        let branch = "flotilla-journal/\(shape.pipeline)"
        let commits = try log(branch)
        for (index, commit) in commits.enumerated() where commit.parents.count != min(index, 1) {
            problems.append("\(branch): \(commit.id.prefix(7)) has \(commit.parents.count) parents")
        }
        guard let newest = commits.last else { return [:] }
        let state = try JSON.read(try git("cat-file", "blob", "\(newest.id):state.json"))
        var stages: [String: History.Stage] = [:]
        for entry in state["stages"]?.map ?? Map() {
            var stage = History.Stage()
            stage.verified = (entry.value["verified"]?.list ?? []).compactMap { item in
                guard let promotion = item["promotion"]?.string, let release = item["release"]?.string,
                    let at = item["at"]?.string.flatMap({ Timestamp(rfc3339: $0) })
                else { return nil }
                return History.Verified(promotion: promotion, release: release, at: at)
            }
            stage.failed = Set((entry.value["rejected"]?.list ?? []).compactMap { $0["promotion"]?.string })
            stages[entry.key] = stage
        }
        return stages
    }
}
