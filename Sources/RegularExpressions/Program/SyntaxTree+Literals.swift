// SPDX-License-Identifier: Apache-2.0

extension SyntaxTree {
    /// Whether every match of `node` begins at the start of the text.
    func beginsText(_ node: ID) -> Bool {
        switch nodes[node] {
        case .assertion(let assertion): assertion == .beginText
        case .capture(let child, _): beginsText(child)
        case .sequence(let children): children.first.map(beginsText) ?? false
        case .choice(let children): children.allSatisfy(beginsText)
        case .repetition(let child, let minimum, _, _): minimum > 0 && beginsText(child)
        case .empty, .scalar, .set: false
        }
    }

    /// The bytes with which every match of the tree begins.
    func literalPrefix() -> [UInt8] {
        var prefix: [UInt8] = []
        appendPrefix(root, &prefix)
        return prefix
    }

    /// Appends what `node` begins with; false when something else than literal characters follows.
    @discardableResult
    private func appendPrefix(_ node: ID, _ prefix: inout [UInt8]) -> Bool {
        switch nodes[node] {
        case .empty: true
        case .scalar(let scalar): Self.append(scalar, to: &prefix)
        case .capture(let child, _): appendPrefix(child, &prefix)
        case .sequence(let children): children.allSatisfy { appendPrefix($0, &prefix) }
        case .repetition(let child, let minimum, _, _):
            // One pass is certain; what comes after it may be another.
            minimum > 0 && appendPrefix(child, &prefix) && false
        case .set, .assertion, .choice: false
        }
    }

    /// Appends `scalar` in UTF-8; false where bytes do not tell: U+FFFD is also what an invalid byte reads as.
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) -> Bool {
        guard scalar != 0xFFFD, let scalar = Unicode.Scalar(scalar) else { return false }
        bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
        return true
    }
}
