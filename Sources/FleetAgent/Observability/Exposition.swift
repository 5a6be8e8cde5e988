// SPDX-License-Identifier: Apache-2.0

/// Text of metrics in Prometheus' exposition format, version 0.0.4.
struct Exposition {
    enum Kind: String { case counter, gauge, histogram }

    private(set) var text = ""

    /// Adds a metric with its samples.
    /// - Parameter name: without the prefix that all have.
    mutating func add(
        _ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: [(name: String, value: String)], value: Double)]
    ) {
        head(name, kind, help)
        for sample in samples { line(name, sample.labels, sample.value) }
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) { add(name, kind, help, [([], value)]) }

    /// Adds a histogram of seconds.
    mutating func add(_ name: String, _ help: String, _ histogram: Meter.Histogram) {
        head(name, .histogram, help)
        var count = 0
        for (bound, value) in zip(Meter.Histogram.bounds, histogram.counts) {
            count += value
            line("\(name)_bucket", [("le", Self.number(Double(bound) / 1_000))], Double(count))
        }
        count += histogram.counts.last ?? 0
        line("\(name)_bucket", [("le", "+Inf")], Double(count))
        line("\(name)_sum", [], Double(histogram.sumMilliseconds) / 1_000)
        line("\(name)_count", [], Double(count))
    }

    private mutating func head(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP flotilla_agent_\(name) \(Self.escaped(help, quotes: false))\n# TYPE flotilla_agent_\(name) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: [(name: String, value: String)], _ value: Double) {
        text += "flotilla_agent_\(name)"
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }.joined(separator: ",") + "}"
        }
        text += " \(Self.number(value))\n"
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    /// Label values are cut where they are long: they come from outside.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars.prefix(quotes ? 200 : 1_000) {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
