// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import Manifests

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
}

struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "How to print: table, for people, or json.")
    var output: OutputFormat = .table

    func show(_ findings: [Findings]) {
        switch output {
        case .table: Terminal.write(findings.map(\.table).joined(separator: "\n"))
        case .json: Terminal.write(JSON.text(["benchmarks": .list(findings.map(\.json))], pretty: true) + "\n")
        }
    }
}

enum Terminal {
    /// Writes to the standard output at once.
    static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Says what is going on, apart from the results.
    static func progress(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    private static func write(_ text: String, to file: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// A whole-number list such as `1,100,1000`.
struct Sizes: ExpressibleByArgument {
    var values: [Int]

    init(_ values: [Int]) { self.values = values }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = parts.compactMap { Int($0) }.filter { $0 > 0 }
        guard !values.isEmpty, values.count == parts.count else { return nil }
    }

    var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}
