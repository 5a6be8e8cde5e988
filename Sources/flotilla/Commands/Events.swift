// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what has happened in the fleet, and what happens.",
        discussion: """
            Examples:
              flotilla events --limit 20
              flotilla events --follow --cluster prod-eu-1
            """)

    @Flag(name: .shortAndLong, help: "Go on printing what happens, until interrupted.")
    var follow = false

    @Option(help: "How many past events, 0 to 500.")
    var limit = 50

    @Option(help: "Only those of this pipeline.")
    var pipeline: String?

    @Option(help: "Only those of this environment.")
    var environment: String?

    @Option(help: "Only those of this cluster.")
    var cluster: String?

    @Option(help: "Only those of this application.")
    var application: String?

    @Flag(help: "Print each event as one line of JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (0...500).contains(limit) else { throw ValidationError("--limit is a number from 0 to 500") }
    }

    func run() async throws {
        let client = try client.client()
        let page = try await client.get("/events", query: filter + [("limit", "\(max(1, limit))")])
        let past = page["items"]?.list ?? []
        var last = past.first?["id"]?.int ?? 0
        for event in past.prefix(limit).reversed() { show(event) }
        while follow {
            do {
                for try await event in try await client.events(after: last, query: filter) {
                    show(event)
                    last = event["id"]?.int ?? last
                }
            } catch let error as APIFailure {
                throw error
            } catch {
                Terminal.note("\(error); trying again")
            }
            try await Task.sleep(for: .seconds(1))
        }
        await client.shutdown()
    }

    private var filter: [(name: String, value: String)] {
        [("pipeline", pipeline), ("environment", environment), ("cluster", cluster), ("application", application)]
            .compactMap { pair in pair.1.map { (name: pair.0, value: $0) } }
    }

    private func show(_ event: Value) {
        let text = EventText(event: event)
        guard text.matches(filter) else { return }
        Terminal.print(json ? JSON.text(event) : text.line(style: Terminal.style))
    }
}
