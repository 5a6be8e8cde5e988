// SPDX-License-Identifier: Apache-2.0
import Manifests
import RegularExpressions

/// A path to any number of fields: where replacements write to.
///
/// A number is a position in a list, `*` every item, `[field=pattern]` every item in whose field the regular expression is found, anything
/// else a member of a map. Source of the rules: kustomize `kyaml/yaml/match.go`, `PathMatcher`.
struct FieldPattern {
    private enum Step {
        case position(Int)
        case every
        /// Without `field` the items themselves are compared, and what is behind it in the path does not count.
        case selection(field: String, text: String, pattern: Result<RegularExpression, FieldFailure>)
        case member(String)
        case malformed(FieldFailure)

        /// What must be there for this step to lead on.
        var isOfList: Bool {
            switch self {
            case .position, .selection, .malformed: true
            case .every, .member: false
            }
        }
    }

    let path: String
    private let steps: [Step]

    init(_ path: String) {
        self.path = path
        steps = FieldPath.split(path).map { part in
            if let position = Int(part), position >= 0 { return .position(position) }
            if part == "*" { return .every }
            guard let selection = FieldPath.selection(part) else { return .member(part) }
            switch selection {
            case .failure(let failure): return .malformed(failure)
            case .success(let (field, text)): return .selection(field: field, text: text, pattern: Self.compile(text))
            }
        }
    }

    private static func compile(_ text: String) -> Result<RegularExpression, FieldFailure> {
        do throws(RegularExpressionError) {
            return .success(try RegularExpression(text))
        } catch {
            return .failure(FieldFailure(message: "'\(text)' is no regular expression: \(error)"))
        }
    }

    /// Where in a resource a field was found.
    typealias Place = [PathStep]

    /// Changes every field that the path leads to.
    /// - Parameters:
    ///   - creation: what the last part becomes where it is missing; without it nothing is created.
    ///   - body: told the place, and whether the field has been created just now.
    /// - Returns: how many there are.
    func change(
        _ value: inout Value, creation: FieldSpec.Creation?, _ body: (inout Value, Place, Bool) throws(FieldFailure) -> Void
    ) throws(FieldFailure) -> Int {
        let walk = Walk(steps: steps, creation: creation)
        return try walk.visit(&value, 0, [], false, body)
    }
}

extension FieldPattern {
    private struct Walk {
        let steps: [Step]
        let creation: FieldSpec.Creation?

        typealias Body = (inout Value, Place, Bool) throws(FieldFailure) -> Void

        func visit(_ value: inout Value, _ depth: Int, _ place: Place, _ isNew: Bool, _ body: Body) throws(FieldFailure) -> Int {
            guard depth < steps.count else {
                try body(&value, place, isNew)
                return 1
            }
            switch steps[depth] {
            case .malformed(let failure): throw failure
            case .member(let name): return try visitMember(&value, name, depth, place, body)
            case .position(let position):
                return try changeItems(&value) { (items) throws(FieldFailure) in
                    let isNew = items.count == position && creation != nil
                    if isNew { items.append(fresh(before: depth + 1)) }
                    guard items.indices.contains(position) else {
                        throw FieldFailure(message: "there is no item \(position) in a list of \(items.count)")
                    }
                    return try visit(&items[position], depth + 1, place + [.index(position)], isNew, body)
                }
            case .every:
                return try changeItems(&value) { (items) throws(FieldFailure) in
                    var count = 0
                    for index in items.indices { count += try visit(&items[index], depth + 1, place + [.index(index)], false, body) }
                    return count
                }
            case .selection(let field, let text, let pattern):
                return try changeItems(&value) { (items) throws(FieldFailure) in
                    try visitSelected(&items, (field, text, pattern), depth, place, body)
                }
            }
        }

        /// What a missing part of the path becomes.
        private func fresh(before depth: Int) -> Value {
            guard depth < steps.count else { return creation?.value ?? .null }
            return steps[depth].isOfList ? .list([]) : .map(Map())
        }

        private func visitMember(
            _ value: inout Value, _ name: String, _ depth: Int, _ place: Place, _ body: Body
        ) throws(FieldFailure) -> Int {
            switch value {
            case .null:
                // Nothing can be found in it, and what kustomize creates there it does not print.
                guard creation != nil else { return 0 }
                var lost = fresh(before: depth + 1)
                return try visit(&lost, depth + 1, place + [.key(name)], true, body)
            case .bool, .int, .decimal, .string, .list:
                if name.isEmpty, value.isScalar { return value.plainText.isEmpty ? try visit(&value, depth + 1, place, false, body) : 0 }
                throw FieldFailure(message: "there is \(value.kindName) where a map should be")
            case .map(var map):
                if name.isEmpty { throw FieldFailure(message: "a part of the path is empty") }
                let isMissing = map.index(of: name) == nil
                if isMissing, creation == nil { return 0 }
                value = .null  // so that `map` is the only owner and changes in place
                var outcome: Result<Int, FieldFailure> = .success(0)
                map.update(name) { member in
                    if isMissing { member = fresh(before: depth + 1) }
                    do throws(FieldFailure) {
                        outcome = .success(try visit(&member, depth + 1, place + [.key(name)], isMissing, body))
                    } catch {
                        outcome = .failure(error)
                    }
                }
                value = .map(map)
                return try outcome.get()
            }
        }

        private func changeItems(
            _ value: inout Value, _ change: (inout [Value]) throws(FieldFailure) -> Int
        ) throws(FieldFailure) -> Int {
            switch value {
            case .null:
                // As above: what is created in it is lost.
                var lost: [Value] = []
                return try change(&lost)
            case .bool, .int, .decimal, .string, .map: throw FieldFailure(message: "there is \(value.kindName) where a list should be")
            case .list(var items):
                value = .null
                do throws(FieldFailure) {
                    let count = try change(&items)
                    value = .list(items)
                    return count
                } catch {
                    value = .list(items)
                    throw error
                }
            }
        }

        private func visitSelected(
            _ items: inout [Value], _ selection: (field: String, text: String, pattern: Result<RegularExpression, FieldFailure>),
            _ depth: Int, _ place: Place, _ body: Body
        ) throws(FieldFailure) -> Int {
            func visitItems(from start: Int, isNew: Bool) throws(FieldFailure) -> Int {
                var count = 0
                for index in items.indices.dropFirst(start) {
                    let pattern = try selection.pattern.get()
                    let here = place + [.index(index)]
                    if selection.field.isEmpty {
                        guard pattern.matches(Self.yaml(items[index])) else { continue }
                        try body(&items[index], here, isNew)
                        count += 1
                    } else {
                        guard let member = items[index].map?[selection.field], pattern.matches(Self.yaml(member)) else { continue }
                        count += try visit(&items[index], depth + 1, here, false, body)
                    }
                }
                return count
            }
            let count = try visitItems(from: 0, isNew: false)
            if count > 0 || creation == nil { return count }
            // An item is made that the selection finds, if its pattern finds itself.
            let text = YAML.plainScalar(selection.text, scalars: .kustomize)
            items.append(selection.field.isEmpty ? text : .map(Map([(selection.field, text)])))
            let created = try visitItems(from: items.count - 1, isNew: true)
            guard created > 0 else {
                throw FieldFailure(message: "[\(selection.field)=\(selection.text)] does not find the item that would be made for it")
            }
            return created
        }

        /// What patterns are compared with: the value as it stands in YAML.
        private static func yaml(_ value: Value) -> String {
            if case .string(let text) = value, isPlainWord(text) { return text }
            return YAML.write(value).trimmingBlanks()
        }

        /// Whether a text surely stands without quotes: most names do.
        private static func isPlainWord(_ text: String) -> Bool {
            guard let first = text.utf8.first, isAlphanumeric(first) else { return false }
            return text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
                && YAML.plainScalar(text, scalars: .kubernetes).string != nil
        }

        private static func isAlphanumeric(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            default: false
            }
        }
    }
}
