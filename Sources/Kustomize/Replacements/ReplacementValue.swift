// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What a replacement writes: a value, or a part of a scalar's text that keeps the scalar's type.
struct ReplacementValue {
    /// Where the value was found.
    private let whole: Value
    /// The text that is written into scalars; lists and maps have the empty one.
    let text: String

    init(_ value: Value) {
        whole = value
        text = value.isNull ? "" : value.plainText
    }

    private init(_ whole: Value, text: String) {
        self.whole = whole
        self.text = text
    }

    /// The part of a scalar that the source's options choose.
    func refined(_ options: FieldOptions) throws(FieldFailure) -> ReplacementValue {
        guard !options.delimiter.isEmpty else { return self }
        guard whole.isScalar else { throw FieldFailure(message: "only a scalar has parts between delimiters, not \(whole.kindName)") }
        let parts = options.parts(of: text)
        guard parts.indices.contains(options.index) else {
            throw FieldFailure(message: "index \(options.index) is out of bounds: the text has \(parts.count) parts")
        }
        return ReplacementValue(whole, text: parts[options.index])
    }

    /// How many values it is made of, counted no further than `limit`.
    func size(upTo limit: Int) -> Int {
        var count = 0
        Self.count(whole, &count, limit)
        return count
    }

    private static func count(_ value: Value, _ count: inout Int, _ limit: Int) {
        count += 1
        guard count < limit else { return }
        switch value {
        case .null, .bool, .int, .decimal, .string: return
        case .list(let items): for item in items where count < limit { Self.count(item, &count, limit) }
        case .map(let map): for entry in map.entries where count < limit { Self.count(entry.value, &count, limit) }
        }
    }

    var creation: FieldSpec.Creation {
        switch whole {
        case .map: .map
        case .list: .list
        case .null, .bool, .int, .decimal, .string: .scalar
        }
    }

    /// Writes into a field.
    /// - Parameter old: the text of a field that was created by a replacement and so has no type of its own.
    /// - Returns: the text that such a field has now.
    func write(to field: inout Value, _ options: FieldOptions, untyped old: String?) throws(FieldFailure) -> String? {
        var text = text
        if !options.delimiter.isEmpty {
            guard field.isScalar else { throw FieldFailure(message: "only a scalar has parts between delimiters, not \(field.kindName)") }
            var parts = options.parts(of: old ?? field.plainText)
            if options.index < 0 {
                parts.insert(text, at: 0)
            } else if options.index >= parts.count {
                parts.append(text)
            } else {
                parts[options.index] = text
            }
            text = parts.joined(separator: options.delimiter)
        }
        guard field.isScalar else {
            field = whole.isScalar && whole.plainText != text ? try whole.retyped(text) : whole
            return nil
        }
        guard old != nil else {
            field = try field.retyped(text)
            return nil
        }
        field = .untyped(text)
        return text
    }
}
