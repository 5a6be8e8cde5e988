// SPDX-License-Identifier: Apache-2.0
import Glibc
import Manifests

/// A `flotilla-agent` process, and what the kernel says of it.
struct AgentProcess: Sendable {
    let process: ChildProcess

    /// The agent's program: the shipped, static one where it has been built, otherwise the one built beside this program.
    static func find(_ given: String?) throws -> String {
        var own = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &own, own.count - 1)
        let me = String(decoding: own[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = me.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let candidates = given.map { [$0] } ?? [".build/agent/release/flotilla-agent", "\(folder)/flotilla-agent"]
        for path in candidates where access(path, X_OK) == 0 { return path }
        throw BenchError("no flotilla-agent at \(candidates.joined(separator: " or ")): build it with `make agent`, or give --agent")
    }

    /// A line of `/proc/<pid>/status`, in MiB.
    func memory(_ name: String) throws -> Double {
        let text = String(decoding: try FolderTree(root: "/proc/\(process.pid)").read("status", limit: 65_536), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("\(name):") {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.count >= 2, let kibibytes = Double(words[1]) { return kibibytes / 1_024 }
        }
        throw BenchError("/proc/\(process.pid)/status has no \(name)")
    }

    /// Processor time so far, in seconds.
    func processorTime() throws -> Double {
        let text = String(decoding: try FolderTree(root: "/proc/\(process.pid)").read("stat", limit: 65_536), as: UTF8.self)
        // After the program's name, which may contain anything, in parentheses.
        let fields = (text.split(separator: ")").last ?? "").split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            throw BenchError("/proc/\(process.pid)/stat is not understood")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
