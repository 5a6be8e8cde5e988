// SPDX-License-Identifier: Apache-2.0

/// A regular expression of a schema, matched in time proportional to pattern × text whatever the pattern.
///
/// Knows what schemas use: literals, `.`, classes with ranges and `\d \w \s`, groups, `|`, `* + ? {m,n}`, `^` and `$`. A pattern with anything
/// else matches everything: a simulated cluster rather lets an object pass than refuses what a real one takes.
struct Pattern {
    private indirect enum Node {
        case set(ByteSet)
        case empty, start, end
        case sequence([Node])
        case choice([Node])
        case times(Node, Int, Int?)
    }

    private struct ByteSet {
        var members = [Bool](repeating: false, count: 256)
        mutating func insert(_ range: ClosedRange<UInt8>) { for byte in range { members[Int(byte)] = true } }
        mutating func invert() { for index in members.indices { members[index].toggle() } }
    }

    private struct Unknown: Error {}

    private let root: Node

    static func matches(_ pattern: String, _ text: String) -> Bool {
        guard let compiled = Pattern(pattern) else { return true }
        let bytes = Array(text.utf8)
        for start in 0...bytes.count {
            var steps = 200_000
            if !compiled.ends(compiled.root, [start], bytes, &steps).isEmpty { return true }
        }
        return false
    }

    private init?(_ pattern: String) {
        var parser = Parser(bytes: Array(pattern.utf8))
        guard let node = try? parser.choice(), parser.position == parser.bytes.count else { return nil }
        root = node
    }

    /// Where a match that begins at one of `starts` may end: sets of positions, so that nothing is tried twice.
    private func ends(_ node: Node, _ starts: Set<Int>, _ text: [UInt8], _ steps: inout Int) -> Set<Int> {
        steps -= 1
        if starts.isEmpty || steps < 0 { return [] }
        switch node {
        case .empty: return starts
        case .start: return starts.contains(0) ? [0] : []
        case .end: return starts.contains(text.count) ? [text.count] : []
        case .set(let set): return Set(starts.filter { $0 < text.count && set.members[Int(text[$0])] }.map { $0 + 1 })
        case .sequence(let nodes):
            var here = starts
            for node in nodes { here = ends(node, here, text, &steps) }
            return here
        case .choice(let nodes):
            var all: Set<Int> = []
            for node in nodes { all.formUnion(ends(node, starts, text, &steps)) }
            return all
        case .times(let node, let low, let high):
            var here = starts
            for _ in 0..<low { here = ends(node, here, text, &steps) }
            var all = here
            var count = low
            while !here.isEmpty, high.map({ count < $0 }) ?? true {
                here = ends(node, here, text, &steps).subtracting(all)
                all.formUnion(here)
                count += 1
            }
            return all
        }
    }

    private struct Parser {
        let bytes: [UInt8]
        var position = 0

        private var here: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func choice() throws(Unknown) -> Node {
            var options = [try sequence()]
            while here == UInt8(ascii: "|") {
                position += 1
                options.append(try sequence())
            }
            return options.count == 1 ? options[0] : .choice(options)
        }

        private mutating func sequence() throws(Unknown) -> Node {
            var nodes: [Node] = []
            while let byte = here, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") { nodes.append(try repeated()) }
            return nodes.isEmpty ? .empty : .sequence(nodes)
        }

        private mutating func repeated() throws(Unknown) -> Node {
            var node = try atom()
            while let byte = here {
                switch byte {
                case UInt8(ascii: "*"): node = .times(node, 0, nil)
                case UInt8(ascii: "+"): node = .times(node, 1, nil)
                case UInt8(ascii: "?"): node = .times(node, 0, 1)
                case UInt8(ascii: "{"):
                    guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "}")) else { throw Unknown() }
                    let parts = String(decoding: bytes[(position + 1)..<end], as: UTF8.self).split(
                        separator: ",", omittingEmptySubsequences: false)
                    guard let low = parts.first.flatMap({ Int($0) }), low <= 1_000, parts.count <= 2 else { throw Unknown() }
                    let high = parts.count == 1 ? low : Int(parts[1])
                    node = .times(node, low, high)
                    position = end
                default: return node
                }
                position += 1
                if here == UInt8(ascii: "?") { position += 1 }  // lazy or greedy: whether it matches is the same
            }
            return node
        }

        private mutating func atom() throws(Unknown) -> Node {
            guard let byte = here else { throw Unknown() }
            position += 1
            switch byte {
            case UInt8(ascii: "^"): return .start
            case UInt8(ascii: "$"): return .end
            case UInt8(ascii: "."):
                var set = ByteSet()
                set.insert(0...9)
                set.insert(11...255)
                return .set(set)
            case UInt8(ascii: "("):
                if here == UInt8(ascii: "?") {
                    guard position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: ":") else { throw Unknown() }
                    position += 2
                }
                let node = try choice()
                guard here == UInt8(ascii: ")") else { throw Unknown() }
                position += 1
                return node
            case UInt8(ascii: "["): return .set(try set())
            case UInt8(ascii: "\\"):
                var set = ByteSet()
                try escape(into: &set)
                return .set(set)
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"): throw Unknown()
            default:
                var set = ByteSet()
                set.insert(byte...byte)
                return .set(set)
            }
        }

        private mutating func escape(into set: inout ByteSet) throws(Unknown) {
            guard let byte = here else { throw Unknown() }
            position += 1
            switch byte {
            case UInt8(ascii: "d"): set.insert(48...57)
            case UInt8(ascii: "w"):
                set.insert(48...57)
                set.insert(65...90)
                set.insert(97...122)
                set.insert(95...95)
            case UInt8(ascii: "s"):
                set.insert(9...10)
                set.insert(12...13)
                set.insert(32...32)
            case UInt8(ascii: "n"): set.insert(10...10)
            case UInt8(ascii: "t"): set.insert(9...9)
            case UInt8(ascii: "r"): set.insert(13...13)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), 48...57: throw Unknown()
            default: set.insert(byte...byte)
            }
        }

        private mutating func set() throws(Unknown) -> ByteSet {
            var set = ByteSet()
            let inverted = here == UInt8(ascii: "^")
            if inverted { position += 1 }
            var isFirst = true
            while let byte = here, byte != UInt8(ascii: "]") || isFirst {
                isFirst = false
                position += 1
                if byte == UInt8(ascii: "\\") {
                    try escape(into: &set)
                    continue
                }
                if byte == UInt8(ascii: "["), here == UInt8(ascii: ":") { throw Unknown() }
                if here == UInt8(ascii: "-"), position + 1 < bytes.count, bytes[position + 1] != UInt8(ascii: "]") {
                    let last = bytes[position + 1]
                    guard last >= byte, last != UInt8(ascii: "\\") else { throw Unknown() }
                    set.insert(byte...last)
                    position += 2
                } else {
                    set.insert(byte...byte)
                }
            }
            guard here == UInt8(ascii: "]") else { throw Unknown() }
            position += 1
            if inverted { set.invert() }
            return set
        }
    }
}
