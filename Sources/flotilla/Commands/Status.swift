// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how the fleet stands.",
        discussion: """
            Exits with 3 when a stage is held or failed, an application fails, a cluster is offline, or the newest commit is not valid.

            Examples:
              flotilla status
              flotilla status --watch
            """)

    @Flag(help: "Show it again whenever something happens, until interrupted.")
    var watch = false

    @Option(name: .shortAndLong, help: "How to print: table, wide, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        var status = try await show(client)
        while watch {
            // The stream begins where the picture ends, so that nothing in between is missed.
            do {
                for try await event in try await client.events(after: status["lastEvent"]?.int ?? 0) {
                    // One picture covers all that happened before it.
                    guard (event["id"]?.int ?? .max) > (status["lastEvent"]?.int ?? 0) else { continue }
                    status = try await show(client)
                }
            } catch let error as APIFailure {
                throw error
            } catch {
                Terminal.note("\(error); trying again")
            }
            try await Task.sleep(for: .seconds(1))
        }
        await client.shutdown()
        if StatusText(status: status).isUnhealthy { throw ExitCode(ProgramExit.unhealthy.rawValue) }
    }

    private func show(_ client: CoordinatorClient) async throws -> Value {
        let status = try await client.get("/status")
        if watch && Terminal.isInteractive { Terminal.clear() }
        Terminal.write(output.document(status) ?? StatusText(status: status).text(style: Terminal.style), to: 1)
        if watch && !Terminal.isInteractive { Terminal.print("") }
        return status
    }
}
