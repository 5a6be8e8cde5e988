// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FleetModel
import Manifests
import Threads

struct Validate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a fleet repository's declarations, all of them in one run.",
        discussion: """
            Prints every problem as FILE:LINE:COLUMN: error[CODE]: MESSAGE. Exits with 1 when there is an error; warnings are no errors.

            Examples:
              flotilla validate
              flotilla validate ~/fleet
            """)

    @Argument(help: "The repository's folder, in which fleet/ and environments/ are.")
    var folder = "."

    func run() async throws {
        let folder = folder
        let thread = ThreadExecutor(name: "validate")
        defer { thread.stop() }
        let files = try await thread.run { try Self.declarations(folder) }
        guard !files.isEmpty else {
            throw Failure("\(folder): there are no declarations", hint: "they are in fleet/ and in environments/NAME/environment.yaml")
        }
        let result = FleetParser.parse(files)
        let prefix = folder == "." ? "" : folder.hasSuffix("/") ? folder : "\(folder)/"
        for diagnostic in result.diagnostics { Terminal.print("\(prefix)\(diagnostic)") }
        let errors = result.errors.count
        let warnings = result.diagnostics.count - errors
        Terminal.note("\(files.count) files, \(errors) errors, \(warnings) warnings")
        if errors > 0 { throw ExitCode(ProgramExit.failed.rawValue) }
    }

    /// The files that may hold declarations. Blocks on the disk.
    private static func declarations(_ folder: String) throws -> [SourceFile] {
        let tree = FolderTree(root: LocalFile.absolute(folder))
        guard case .folder = try tree.entry(at: "") else { throw Failure("\(folder): no such folder") }
        return try DeclarationFiles.read(tree)
    }
}
