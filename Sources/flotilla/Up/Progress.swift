// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Says what happens in the fleet, a line for each event, and what waits for somebody.
struct Progress {
    let client: CoordinatorClient
    let say: @Sendable (String) -> Void

    /// Goes on until the task is cancelled.
    func follow() async throws {
        var last: Int64 = 0
        var asked: Set<String> = []
        while !Task.isCancelled {
            do {
                for try await event in try await client.events(after: last) {
                    last = event["id"]?.int ?? last
                    say(EventText(event: event).line(style: Terminal.style))
                    try await ask(&asked)
                }
            } catch is CancellationError {
                return
            } catch {
                // The coordinator is away; it is being started again.
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Says once for each release that it waits for an approval, and how to give it.
    private func ask(_ asked: inout Set<String>) async throws {
        for stage in try await client.get("/status")["stages"]?.list ?? [] {
            let text = StageText(stage: stage)
            let key = "\(text.name) \(stage.at("promotion", "release")?.string ?? "")"
            guard text.needsApproval, asked.insert(key).inserted else { continue }
            say(Terminal.style.paint(text.line, .busy))
        }
    }
}
