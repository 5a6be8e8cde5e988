// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Fields of a resource that replacements created, and the texts that they wrote there.
///
/// To kustomize they have no type: printed, `8080` is a number there. But a replacement may still make `8080-x` of it, and a strategic merge
/// patch of the resource, whatever it changes, makes texts of them all, because it writes what has no type in quotes.
struct UntypedFields: Sendable {
    private var texts: [FieldPattern.Place: String] = [:]

    var isEmpty: Bool { texts.isEmpty }

    mutating func note(_ place: FieldPattern.Place, _ text: String) { texts[place] = text }

    /// The text of a field; `nil` where it has a type, or something else stands there now.
    func text(_ place: FieldPattern.Place, _ value: Value) -> String? {
        guard let text = texts[place], Value.untyped(text) == value else { return nil }
        return text
    }

    /// Gives all of them a type, as a patch does.
    mutating func settle(in object: inout Value) {
        for (place, text) in texts where !text.isEmpty {
            object.change(at: place[...]) { field in if field == Value.untyped(text) { field = .string(text) } }
        }
        texts = [:]
    }
}

extension Value {
    /// Changes in place what is at a place, if there is anything.
    fileprivate mutating func change(at place: ArraySlice<PathStep>, _ body: (inout Value) -> Void) {
        guard let step = place.first else { return body(&self) }
        switch (step, self) {
        case (.key(let key), .map(var map)) where map.index(of: key) != nil:
            self = .null  // so that `map` is the only owner and changes in place
            map.update(key) { $0.change(at: place.dropFirst(), body) }
            self = .map(map)
        case (.index(let index), .list(var items)) where items.indices.contains(index):
            self = .null
            items[index].change(at: place.dropFirst(), body)
            self = .list(items)
        default: break
        }
    }
}
