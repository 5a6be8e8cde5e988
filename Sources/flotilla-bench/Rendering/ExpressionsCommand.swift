// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import GoTemplate
import Manifests

struct ExpressionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expressions",
        abstract: "Render template expressions from a file, to compare with Helm.",
        discussion: """
            FILE is a JSON object: `setting` is a chart, `cases` are expressions with a name. Printed is one JSON object: for each name the \
            output or the error. Functions whose results cannot be repeated are carried out, with a warning.
            """)

    @Argument(help: "The file of expressions.")
    var file: String

    func run() async throws {
        let slash = file.lastIndex(of: "/")
        let folder = slash.map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
        let name = slash.map { String(file[$0...].dropFirst()) } ?? file
        let bytes = try FolderTree(root: folder).read(name, limit: 64 << 20)
        let (results, nonRepeatable) = try ExpressionCases(json: bytes).results(entropy: .system)
        if !nonRepeatable.isEmpty {
            let warning = "warning: another run gives something else: \(nonRepeatable.joined(separator: ", "))\n"
            _ = Array(warning.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
        print(JSON.text(results))
    }
}

extension Entropy {
    /// This machine's clock and random numbers.
    static let system = Entropy(
        now: {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return (Int64(now.tv_sec), Int32(now.tv_nsec))
        },
        randomBytes: { count in
            var generator = SystemRandomNumberGenerator()
            return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        })
}
