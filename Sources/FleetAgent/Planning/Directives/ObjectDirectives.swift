// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// What an object's annotations ask of whoever syncs it: Flotilla's own, and those of the tools that people come from.
///
/// For each question Flotilla's own annotation decides where there is one, then Argo CD's, Flux's, kpt's and Helm's; within one tool,
/// values that contradict each other are an error. The table for people is docs/reference/annotations.md.
struct ObjectDirectives: Sendable, Hashable {
    enum Prune: Sendable, Hashable { case disabled, allowed }

    /// Whether the object is sent at all.
    enum Writing: Sendable, Hashable {
        case apply
        /// Made where there is none; what is there stays as it is.
        case ifAbsent
        /// Left to others: neither made, changed, healed nor pruned.
        case never
    }

    /// Lower waves come first; of a hook, within its point.
    var wave = 0
    var hook: Hook?
    var prune: Prune?
    /// Whether the object stays when its application goes.
    var staysOnRemoval = false
    /// What is done about drift of this object; `nil` leaves it to the application.
    var drift: DriftPolicy?
    /// Whether the object may be deleted and made again where a field that cannot change was changed.
    var replace = false
    /// Whether fields are taken over from other managers.
    var forces = false
    var writing = Writing.apply
    /// Whether nothing waits for the object to be Current, and its health does not count.
    var ignoresHealth = false
    /// Objects of the same bundle that have to be Current before.
    var dependsOn: [ObjectIdentity] = []
    /// What is asked for and not honoured, in words.
    var warnings: [String] = []

    init() {}

    /// - Throws: `DirectiveError` for a value that is not known, or that contradicts another one of the same tool.
    init(of object: Value) throws(DirectiveError) {
        let annotations = Annotations(object)
        guard !annotations.isEmpty else { return }
        // The weakest first: each overwrites what the ones before said.
        try readHelm(annotations)
        try readKpt(annotations)
        try readFlux(annotations)
        try readArgo(annotations)
        try readOwn(annotations)
        if hook != nil { try settleHook(annotations) }
    }

    private mutating func readOwn(_ annotations: Annotations) throws(DirectiveError) {
        if let number = try annotations.wave(Own.wave) { wave = number }
        if let word = annotations[Own.prune] {
            prune = try annotations.choose(Own.prune, word, ["disabled": .disabled, "allowed": .allowed])
            staysOnRemoval = prune == .disabled
        }
        if let word = annotations[Own.drift] {
            drift = try annotations.choose(Own.drift, word, ["heal": .heal, "alert": .alert, "ignore": .ignore])
        }
        if let word = annotations[Own.replace] {
            replace = try annotations.choose(Own.replace, word, ["allowed": true, "disabled": false])
        }
        if let text = annotations[Own.hook] {
            var points: Set<Hook.Point> = []
            for word in Annotations.words(text) {
                guard let point = Hook.Point(rawValue: word) else {
                    throw annotations.unknown(Own.hook, word, Hook.Point.allCases.map(\.rawValue))
                }
                points.insert(point)
            }
            guard !points.isEmpty else { throw annotations.unknown(Own.hook, text, Hook.Point.allCases.map(\.rawValue)) }
            hook = Hook(points: Dictionary(uniqueKeysWithValues: points.map { ($0, $0.occasions) }))
            // Another tool's word for the same object no longer counts.
            writing = .apply
        }
        if let text = annotations[Own.hookDeletePolicy] {
            try annotations.requireHook(hook, Own.hookDeletePolicy)
            hook?.deletePolicies = try annotations.deletePolicies(Own.hookDeletePolicy, text)
        }
        if let word = annotations[Own.hookOnRollback] {
            try annotations.requireHook(hook, Own.hookOnRollback)
            if try annotations.flag(Own.hookOnRollback, word) { hook?.runOnRollback() }
        }
    }

    /// What a hook cannot be besides.
    private mutating func settleHook(_ annotations: Annotations) throws(DirectiveError) {
        if !dependsOn.isEmpty {
            dependsOn = []
            warnings.append("\(Kpt.dependsOn) is not honoured on a hook: order hooks by their weight")
        }
        if annotations[Own.drift] != nil {
            throw DirectiveError(annotation: Own.drift, message: "a hook is never healed: it cannot have a drift policy")
        }
        if hook?.isEverRun == false {
            warnings.append("the hook is never run: on a rollback only with \(Own.hookOnRollback): \"true\"")
            hook = nil
            writing = .never
        }
    }

    /// The names of Flotilla's own annotations.
    enum Own {
        static let wave = "flotilla.dev/wave"
        static let hook = "flotilla.dev/hook"
        static let hookDeletePolicy = "flotilla.dev/hook-delete-policy"
        static let hookOnRollback = "flotilla.dev/hook-on-rollback"
        static let prune = Ownership.pruneAnnotation
        static let drift = "flotilla.dev/drift"
        static let replace = "flotilla.dev/replace"
    }
}

/// An annotation that cannot be followed.
struct DirectiveError: Error, Sendable, Hashable, CustomStringConvertible {
    var annotation: String
    var message: String

    var description: String { "annotation \(annotation): \(message)" }
}
