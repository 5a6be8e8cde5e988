// SPDX-License-Identifier: Apache-2.0

/// Waiting for something that only asking again and again shows.
struct Waiting {
    /// What is awaited, in words that begin the sentence "…: not within 60 s".
    let what: String
    let limit: Duration
    let pause: Duration
    /// How things stand, asked when time is up.
    let explanation: () async -> String

    init(
        for what: String, within limit: Duration, every pause: Duration = .milliseconds(100),
        explanation: @escaping () async -> String = { "" }
    ) {
        self.what = what
        self.limit = limit
        self.pause = pause
        self.explanation = explanation
    }

    /// Asks until there is an answer. Throws `Failure` when there is none in time, and what `body` throws.
    func until<Answer>(_ body: () async throws -> Answer?) async throws -> Answer {
        let end = ContinuousClock.now + limit
        while true {
            if let answer = try await body() { return answer }
            guard ContinuousClock.now < end else {
                let state = await explanation()
                throw Failure("\(what): not within \(limit.components.seconds) s" + (state.isEmpty ? "" : " (\(state))"))
            }
            try await Task.sleep(for: pause)
        }
    }
}

extension Duration {
    /// In seconds, with a fraction.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
