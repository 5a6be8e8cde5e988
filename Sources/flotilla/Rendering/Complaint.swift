// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Helm
import Kustomize
import Rendering

/// What is wrong in files: lines that editors can follow, `file:line:column: error[code]: message (hint)`.
struct Complaint: Error, Sendable {
    /// Lines that are printed at most.
    static let linesMax = 200

    let lines: [String]

    init(_ lines: [String]) {
        let rest = lines.count - Self.linesMax
        self.lines = rest > 0 ? lines.prefix(Self.linesMax) + ["and \(rest) more"] : lines
    }

    init(_ diagnostics: [Diagnostic]) { self.init(diagnostics.map(Self.line)) }

    /// What an error says about files; `nil` for one that is about something else.
    init?(_ error: any Error) {
        switch error {
        case let complaint as Complaint: self = complaint
        case let failure as RenderFailure: self.init(failure.errors.map(\.description))
        case let failure as KustomizeFailure: self.init(failure.problems.map(\.description))
        case let failure as HelmFailure: self.init(["error[\(failure.code.rawValue)]: \(failure.message)"])
        default: return nil
        }
    }

    /// A diagnostic with its hint in the same line, as renders say it.
    private static func line(_ diagnostic: Diagnostic) -> String {
        "\(diagnostic.file):\(diagnostic.line):\(diagnostic.column): error[\(diagnostic.code)]: \(diagnostic.message)"
            + (diagnostic.hint.map { " (\($0))" } ?? "")
    }
}
