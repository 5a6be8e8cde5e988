// SPDX-License-Identifier: Apache-2.0

/// The part of regular expressions that kustomizations use: literal text, `.` for any character, `.*` and `.+`; the whole text must match.
struct Pattern: Sendable, Hashable {
    private enum Step: Sendable, Hashable {
        case literal(UInt8)
        case any
        case anyNumber
    }

    let text: String
    private let steps: [Step]

    /// - Returns: `nil` for an expression with anything else in it.
    init?(_ text: String) {
        self.text = text
        var bytes = Array(text.utf8)[...]
        if bytes.first == UInt8(ascii: "^") { bytes = bytes.dropFirst() }
        if bytes.last == UInt8(ascii: "$") { bytes = bytes.dropLast() }
        var steps: [Step] = []
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "."):
                switch bytes.first {
                case UInt8(ascii: "*"):
                    bytes = bytes.dropFirst()
                    steps.append(.anyNumber)
                case UInt8(ascii: "+"):
                    bytes = bytes.dropFirst()
                    steps += [.any, .anyNumber]
                default: steps.append(.any)
                }
            case UInt8(ascii: "\\"):
                // An escaped sign is the sign; an escaped letter would be a class.
                guard let next = bytes.popFirst(), next < 0x80, !Character(Unicode.Scalar(next)).isLetter,
                    !Character(Unicode.Scalar(next)).isNumber
                else { return nil }
                steps.append(.literal(next))
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["),
                UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "|"), UInt8(ascii: "^"), UInt8(ascii: "$"):
                return nil
            default: steps.append(.literal(byte))
            }
            switch bytes.first {
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"): return nil
            default: continue
            }
        }
        self.steps = steps
    }

    /// Whether the whole of `candidate` matches; linear in its length for each `.*`.
    func matches(_ candidate: String) -> Bool {
        let bytes = Array(candidate.utf8)
        var (step, position) = (0, 0)
        var retry: (step: Int, position: Int)?
        while position < bytes.count {
            if step < steps.count {
                switch steps[step] {
                case .literal(bytes[position]), .any:
                    step += 1
                    position += 1
                    continue
                case .anyNumber:
                    retry = (step + 1, position)
                    step += 1
                    continue
                case .literal: break
                }
            }
            guard let last = retry else { return false }
            retry = (last.step, last.position + 1)
            step = last.step
            position = last.position + 1
        }
        return steps[step...].allSatisfy { $0 == .anyNumber }
    }
}
