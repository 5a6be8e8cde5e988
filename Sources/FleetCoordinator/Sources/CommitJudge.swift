// SPDX-License-Identifier: Apache-2.0
import FleetModel
import GitRepository
import Manifests
import Synchronization

/// Judges commits of the fleet repository by the signature rule that a fleet commit declares for it.
final class CommitJudge: Sendable {
    /// What a fleet commit asks of the fleet repository's commits.
    struct Rule: Sendable {
        let fleetCommit: ObjectID
        /// The declaration that is about the fleet repository; `nil` where none is.
        let repository: String?
        let require: SignatureRule.Requirement
        let signers: AllowedSigners
        let openPGPKeys: OpenPGPKeys
        /// Equal where two rules are: the requirement and the texts of the keys.
        let meaning: [String]
        /// What is wrong with the declaration, and what is worth knowing.
        let diagnostics: [Diagnostic]

        var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }
    }

    /// Whether commits may be used, and why not.
    struct Verdict: Sendable, Equatable {
        /// One sentence; `nil` where they may.
        var reason: String?
        /// The commits that are to blame.
        var details: [String] = []
        /// What was found out about the newest commit; `nil` where nobody looked.
        var signature: String?

        static let accepted = Verdict()

        var isAccepted: Bool { reason == nil }

        /// All of it in a few lines.
        var text: String { ([reason ?? ""] + details).joined(separator: "\n") }
    }

    /// Whose commits count besides those of the keys that are listed.
    enum Branch: Sendable { case trunk, environment }

    private let mirror: GitMirror
    private let own: AllowedSigners
    private let verdicts = Mutex<[(key: String, verdict: Verdict)]>([])
    private let rules = Mutex<[Rule]>([])

    private static let verdictsMax = 256
    private static let rulesMax = 8
    /// Bytes of a file with keys.
    static let keysBytesMax = 4 << 20

    /// - Parameter own: the coordinator's own signers: their records count on environment branches.
    init(mirror: GitMirror, own: AllowedSigners) {
        self.mirror = mirror
        self.own = own
    }

    // MARK: - Rules

    /// The rule of a fleet commit, as far as it can be read.
    func rule(of declarations: Declarations, at commit: ObjectID) async throws -> Rule {
        if let known = rules.withLock({ $0.first { $0.fleetCommit == commit } }) { return known }
        let rule = try await read(declarations, at: commit)
        rules.withLock { rules in
            rules.append(rule)
            if rules.count > Self.rulesMax { rules.removeFirst() }
        }
        return rule
    }

    private func read(_ declarations: Declarations, at commit: ObjectID) async throws -> Rule {
        let repositories = declarations.fleet?.repositories ?? []
        guard !repositories.isEmpty else { return Rule(at: commit) }
        let places = DeclarationPlaces(declarations.files)
        var diagnostics: [Diagnostic] = []
        func note(
            _ severity: Diagnostic.Severity, _ code: String, _ repository: Repository, _ path: [PathStep], _ message: String,
            hint: String? = nil
        ) {
            let subject = Subject(.repository, repository.name)
            let mark = places.mark(of: subject, at: path)
            diagnostics.append(
                Diagnostic(
                    file: places.file(of: subject) ?? "fleet", line: mark?.line ?? 1, column: mark?.column ?? 1, severity: severity,
                    code: code, message: message, hint: hint, subject: subject))
        }
        let fleet = try RepositoryAddress(url: mirror.remote.url)
        var found: Repository?
        for repository in repositories {
            let address: RepositoryAddress
            do {
                address = try RepositoryAddress(url: repository.url)
            } catch {
                note(.error, "invalid-value", repository, ["spec", "url"], "\(error)")
                continue
            }
            guard address.isSame(as: fleet) else {
                note(
                    .warning, "unused-repository", repository, ["spec", "url"],
                    "repository '\(repository.name)' is not the one that the coordinator follows: nothing uses it")
                continue
            }
            if let first = found {
                note(
                    .error, "duplicate-repository", repository, ["spec", "url"],
                    "'\(first.name)' and '\(repository.name)' are both the fleet repository", hint: "one declaration holds its rule")
            }
            found = found ?? repository
        }
        guard let found else { return Rule(at: commit, diagnostics: diagnostics) }
        var signers = AllowedSigners(entries: [])
        var keys = OpenPGPKeys()
        var meaning = [found.signatures.require.rawValue]
        // Not looked at, keys need not be there.
        if found.signatures.require != .none {
            if let path = found.signatures.allowedSigners {
                do {
                    let text = try await text(path, at: commit)
                    signers = try AllowedSigners(parsing: text, name: path)
                    meaning.append("ssh \(text)")
                } catch {
                    note(.error, "unusable-keys", found, ["spec", "signatures", "allowedSigners"], "\(error)")
                }
            }
            if let path = found.signatures.openPGPKeys {
                do {
                    let text = try await text(path, at: commit)
                    keys = try OpenPGPKeys(armored: text, name: path)
                    meaning.append("OpenPGP \(text)")
                } catch {
                    note(.error, "unusable-keys", found, ["spec", "signatures", "openPGPKeys"], "\(error)")
                }
            }
            if signers.entries.isEmpty, keys.isEmpty, diagnostics.allSatisfy({ $0.code != "unusable-keys" }) {
                note(
                    .error, "unusable-keys", found, ["spec", "signatures"], "no key is listed: no commit could ever meet the rule")
            }
        }
        return Rule(
            at: commit, repository: found.name, require: SignatureRule.Requirement(found.signatures.require), signers: signers,
            openPGPKeys: keys, meaning: meaning, diagnostics: diagnostics)
    }

    private func text(_ path: String, at commit: ObjectID) async throws -> String {
        try await mirror.read(at: commit) { tree in
            String(decoding: try tree.read(path, limit: Self.keysBytesMax), as: UTF8.self)
        }
    }

    // MARK: - Judging

    /// Judges the commits that came with `head` since `since`, which was accepted before.
    ///
    /// - Parameter since: `nil` where nothing was: then there is no beginning to judge from, and only the head is looked at.
    func judge(_ head: ObjectID, since: ObjectID?, on branch: Branch, by rule: Rule) async throws -> Verdict {
        guard rule.require != .none, let repository = rule.repository, head != since else { return .accepted }
        let key = "\(rule.fleetCommit) \(head) \(since.map { "\($0)" } ?? "") \(branch)"
        if let known = verdicts.withLock({ $0.first { $0.key == key }?.verdict }) { return known }
        let verdict = try await look(head, since, branch, rule, repository)
        verdicts.withLock { verdicts in
            verdicts.append((key, verdict))
            if verdicts.count > Self.verdictsMax { verdicts.removeFirst() }
        }
        return verdict
    }

    private func look(
        _ head: ObjectID, _ since: ObjectID?, _ branch: Branch, _ rule: Rule, _ repository: String
    ) async throws -> Verdict {
        let entries = rule.signers.entries + (branch == .environment ? own.entries : [])
        let verifier = SignatureVerifier(allowedSigners: AllowedSigners(entries: entries), openPGPKeys: rule.openPGPKeys)
        let signatures = SignatureRule(require: since == nil ? .head : rule.require, verifier: verifier)
        let found = verifier.verify(try await mirror.commit(head))
        let judgement: SignatureJudgement
        do throws(GitError) {
            judgement = try await mirror.judge(head: head, since: since, rule: signatures)
        } catch {
            guard case .tooLarge = error else { throw error }
            return Verdict(reason: "the signature rule of repository '\(repository)' cannot be checked: \(error)", signature: "\(found)")
        }
        guard !judgement.isAccepted else { return Verdict(signature: "\(found)") }
        let count = judgement.failureCount == 1 ? "1 commit does" : "\(judgement.failureCount) commits do"
        return Verdict(
            reason: "\(count) not meet the signature rule of repository '\(repository)' (require: \(rule.require.rawValue))",
            details: judgement.description.split(separator: "\n").map(String.init), signature: "\(found)")
    }
}

extension CommitJudge.Rule {
    fileprivate init(
        at commit: ObjectID, repository: String? = nil, require: SignatureRule.Requirement = .none,
        signers: AllowedSigners = AllowedSigners(entries: []), openPGPKeys: OpenPGPKeys = OpenPGPKeys(),
        meaning: [String] = [SignatureRule.Requirement.none.rawValue], diagnostics: [Diagnostic] = []
    ) {
        fleetCommit = commit
        self.repository = repository
        self.require = require
        self.signers = signers
        self.openPGPKeys = openPGPKeys
        self.meaning = meaning
        self.diagnostics = diagnostics
    }
}

extension SignatureRule.Requirement {
    fileprivate init(_ declared: Repository.Signatures.Requirement) {
        self =
            switch declared {
            case .none: .none
            case .head: .head
            case .all: .all
            }
    }
}
