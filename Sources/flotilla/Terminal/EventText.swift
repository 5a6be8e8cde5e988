// SPDX-License-Identifier: Apache-2.0
import Manifests

/// An event as one line.
struct EventText {
    let event: Value

    func line(style: Style) -> String {
        let tone: Style.Tone =
            switch event["severity"]?.string {
            case "error": .bad
            case "warning": .busy
            default: .plain
            }
        return style.paint(time, .faint) + "  " + style.paint(Self.padded(Table.visible(place), 26), .strong) + "  "
            + style.paint(Table.visible(words), tone)
    }

    /// What happened, in words.
    private var words: String {
        let message = event["message"]?.string ?? ""
        let kind = event["kind"]?.string ?? ""
        var parts: [String] = []
        switch kind {
        case "drift": parts.append("drift:")
        case "healed": parts.append("healed" + (event["durationMilliseconds"]?.int.map { " in \($0) ms" } ?? "") + ":")
        default: break
        }
        if !parts.isEmpty, let object = event["object"]?.string, !object.isEmpty { parts.append(object) }
        parts += (event["paths"]?.list ?? []).prefix(3).compactMap(\.string)
        parts.append(message.isEmpty && parts.isEmpty ? kind : message)
        return parts.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Hours, minutes and seconds, in UTC.
    private var time: String {
        guard let at = event["at"]?.string, at.utf8.count >= 19 else { return "--------" }
        return String(at.dropFirst(11).prefix(8))
    }

    /// What it is about: the cluster and application, or else the stage.
    private var place: String {
        let keys = (event["cluster"]?.string ?? "").isEmpty ? ["pipeline", "environment"] : ["cluster", "application"]
        return keys.compactMap { event[$0]?.string }.filter { !$0.isEmpty }.joined(separator: "/")
    }

    func matches(_ filter: [(name: String, value: String)]) -> Bool { filter.allSatisfy { event[$0.name]?.string == $0.value } }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
