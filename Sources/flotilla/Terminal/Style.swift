// SPDX-License-Identifier: Apache-2.0

/// Colours that carry meaning: good, under way, bad, beside the point.
struct Style: Sendable {
    var isColoured: Bool

    static let plain = Style(isColoured: false)

    enum Tone: Sendable, Equatable {
        case plain, good, busy, bad, faint, strong
    }

    func paint(_ text: String, _ tone: Tone) -> String {
        guard isColoured, !text.isEmpty else { return text }
        let code =
            switch tone {
            case .plain: ""
            case .good: "32"
            case .busy: "33"
            case .bad: "31"
            case .faint: "2"
            case .strong: "1"
            }
        return code.isEmpty ? text : "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    /// The tone of a word that the API uses for a state, a verdict or a health.
    static func tone(of word: String) -> Tone {
        switch word.lowercased() {
        case "current", "verified", "online", "in place", "ready", "synced", "true", "done": .good
        case "progressing", "inprogress", "waiting", "rolling", "rolling out", "verifying", "recording", "paused", "unverified", "pending":
            .busy
        case "failed", "held", "failing", "offline", "refused", "error", "false", "notfound", "warning": .bad
        case "-", "", "superseded", "notexercised", "empty", "unknown", "not selected": .faint
        default: .plain
        }
    }
}
