// SPDX-License-Identifier: Apache-2.0

/// Rows of text in aligned columns, two spaces apart; the last column is not padded.
struct Table: Sendable {
    private let header: [String]
    private var rows: [[String]] = []

    init(_ header: [String]) { self.header = header }

    /// An empty cell shows as `-`.
    mutating func append(_ row: [String]) { rows.append(row) }

    var isEmpty: Bool { rows.isEmpty }

    /// The lines, each ending in a line break; the header is left out where it has no words.
    func text(style: Style = .plain) -> String {
        var lines: [[String]] = rows.map { row in row.map { $0.isEmpty ? "-" : Self.visible($0) } }
        let hasHeader = header.contains { !$0.isEmpty }
        if hasHeader { lines.insert(header, at: 0) }
        var widths = [Int](repeating: 0, count: lines.map(\.count).max() ?? 0)
        for line in lines { for (column, cell) in line.enumerated() { widths[column] = max(widths[column], cell.count) } }
        var text = ""
        for (index, line) in lines.enumerated() {
            for (column, cell) in line.enumerated() {
                text += style.paint(cell, hasHeader && index == 0 ? .strong : Style.tone(of: cell))
                if column + 1 < line.count { text += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            text += "\n"
        }
        return text
    }

    /// What comes from the fleet may hold anything; it must not steer the terminal.
    static func visible(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0 }))
    }
}
