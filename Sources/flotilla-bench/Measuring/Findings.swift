// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What one benchmark found.
struct Findings: Sendable {
    var benchmark: String
    var figures: [Figure] = []
    /// What was left out, and why.
    var remarks: [String] = []

    init(_ benchmark: String) { self.benchmark = benchmark }

    mutating func add(_ name: String, _ value: Double, _ unit: String, budget: String? = nil) {
        figures.append(Figure(name: name, value: value, unit: unit, budget: budget))
    }
}

/// One measured number.
struct Figure: Sendable {
    var name: String
    var value: Double
    var unit: String
    /// What the design asks for, in words.
    var budget: String?
}

extension Findings {
    var json: Value {
        let figures: [Value] = figures.map { figure in
            var map: Map = ["name": .string(figure.name), "value": figure.json, "unit": .string(figure.unit)]
            if let budget = figure.budget { map["budget"] = .string(budget) }
            return .map(map)
        }
        return ["benchmark": .string(benchmark), "figures": .list(figures), "remarks": .list(remarks.map(Value.string))]
    }

    /// Columns for people.
    var table: String {
        let rows = figures.map { [$0.name, $0.text, $0.unit, $0.budget.map { "budget \($0)" } ?? ""] }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        var text = "\(benchmark)\n"
        for row in rows {
            let name = row[0] + String(repeating: " ", count: widths[0] - row[0].count)
            let value = String(repeating: " ", count: widths[1] - row[1].count) + row[1]
            let unit = row[3].isEmpty ? row[2] : row[2] + String(repeating: " ", count: widths[2] - row[2].count)
            text += "  \(name)  \(value) \(unit)" + (row[3].isEmpty ? "\n" : "  \(row[3])\n")
        }
        for remark in remarks { text += "  note: \(remark)\n" }
        return text
    }
}

extension Figure {
    /// Three significant digits are what such measurements are good for.
    var text: String {
        switch value.magnitude {
        case 1_000...: "\(Int(value.rounded()))"
        case 100...: decimals(0)
        case 10...: decimals(1)
        default: decimals(2)
        }
    }

    var json: Value {
        value == value.rounded() && value.magnitude < 1e15 ? .int(Int64(value)) : .decimal(Decimal(value) ?? Decimal(json: "0"))
    }

    private func decimals(_ count: Int) -> String {
        var scale = 1.0
        for _ in 0..<count { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return count == 0 ? "\(Int(rounded))" : "\(rounded)"
    }
}
