// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests

/// What came of a command. What is in it has been masked.
struct CommandAnswer: Sendable {
    var message: String
    var output: Value
    /// It was carried out, and what it was to bring about did not come.
    var isFailure = false

    init(message: String, output: Value = .null, isFailure: Bool = false) {
        self.message = message
        self.output = output
        self.isFailure = isFailure
    }

    /// The output within the limit: of a text the end is kept, of a list the beginning; `truncated` says so.
    static func bounded(_ output: Value, bytesMax: Int = CommandResult.outputBytesMax) -> Value {
        guard JSON.write(output).count > bytesMax else { return output }
        var output = output
        output["truncated"] = true
        for key in ["objects", "items"] {
            guard let items = output[key]?.list else { continue }
            output[key] = .list([])
            var room = bytesMax - JSON.write(output).count
            var kept: [Value] = []
            for item in items {
                room -= JSON.write(item).count + 1
                guard room > 0 else { break }
                kept.append(item)
            }
            output[key] = .list(kept)
        }
        if let text = output["text"]?.string {
            output["text"] = ""
            output["text"] = .string(end(of: text, jsonBytesMax: bytesMax - JSON.write(output).count))
        }
        return JSON.write(output).count <= bytesMax ? output : ["truncated": true]
    }

    /// As many whole lines from the end as fit, written as JSON.
    private static func end(of text: String, jsonBytesMax: Int) -> String {
        var lines: [Substring] = []
        var room = jsonBytesMax
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).reversed() {
            room -= JSON.write(.string(String(line))).count
            guard room > 0 else { break }
            lines.append(line)
        }
        return lines.reversed().joined(separator: "\n")
    }
}

/// Why a command could not be carried out.
struct CommandFailure: Error, Sendable, Hashable, CustomStringConvertible {
    var message: String

    init(_ message: String) { self.message = message }

    var description: String { message }
}

/// What an agent lets commands do, beyond what its rights in the cluster allow.
package struct CommandPermissions: Sendable, Hashable {
    /// Namespaces in which Jobs may be run; `*` means every one. Nowhere where nobody says otherwise.
    package var jobNamespaces: [String]
    /// Whether logs and objects may be read.
    package var allowsReading: Bool

    package init(jobNamespaces: [String] = [], allowsReading: Bool = true) {
        self.jobNamespaces = jobNamespaces
        self.allowsReading = allowsReading
    }

    func permitsJobs(in namespace: String) -> Bool { jobNamespaces.contains("*") || jobNamespaces.contains(namespace) }

    func checkReading() throws(CommandFailure) {
        guard allowsReading else { throw CommandFailure("this agent is started with --forbid-reading") }
    }
}
