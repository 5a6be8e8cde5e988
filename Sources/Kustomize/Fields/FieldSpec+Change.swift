// SPDX-License-Identifier: Apache-2.0
import Manifests

extension FieldSpec {
    /// What a missing last part of the path, or a null there, becomes before it is given to the change.
    enum Creation {
        case scalar, map, list

        var value: Value {
            switch self {
            case .scalar: .string("")
            case .map: .map(Map())
            case .list: .list([])
            }
        }
    }

    /// Changes the field in place wherever the path leads; does nothing where it leads nowhere (unless `create` and `creation` say otherwise).
    /// The caller has checked `selects`.
    func change(
        _ resource: Resource, creation: Creation? = nil, _ body: (inout Value) throws(FieldFailure) -> Void
    ) throws(FieldFailure) {
        try changeWithPlace(resource, creation: creation) { (value, _) throws(FieldFailure) in try body(&value) }
    }

    /// The same; the change is also told where it is.
    func changeWithPlace(
        _ resource: Resource, creation: Creation?, _ body: (inout Value, [PathStep]) throws(FieldFailure) -> Void
    ) throws(FieldFailure) {
        var place: [PathStep] = []
        do throws(FieldFailure) {
            try change(&resource.value, steps[...], creation, &place, body)
        } catch {
            throw FieldFailure(message: "field \(path) of \(resource.id): \(error.message)")
        }
    }

    private func change(
        _ value: inout Value, _ steps: ArraySlice<Step>, _ creation: Creation?, _ place: inout [PathStep],
        _ body: (inout Value, [PathStep]) throws(FieldFailure) -> Void
    ) throws(FieldFailure) {
        guard let step = steps.first else { return try body(&value, place) }
        switch value {
        case .null: return
        case .list(var items):
            value = .null  // so that `items` is the only owner and changes in place
            var failure: FieldFailure?
            for index in items.indices where failure == nil {
                place.append(.index(index))
                do throws(FieldFailure) { try change(&items[index], steps, creation, &place, body) } catch { failure = error }
                place.removeLast()
            }
            value = .list(items)
            if let failure { throw failure }
        case .map(var map):
            if let failure = step.failure { throw failure }
            let rest = steps.dropFirst()
            let mayCreate = create && creation != nil && !step.isList
            let made: Value? = mayCreate ? (rest.isEmpty ? creation?.value : .map(Map())) : step.isList ? .list([]) : nil
            guard map.index(of: step.name) != nil else {
                guard mayCreate, var fresh = made else { return }
                place.append(.key(step.name))
                try change(&fresh, rest, creation, &place, body)
                place.removeLast()
                value = .null
                map[step.name] = fresh
                value = .map(map)
                return
            }
            value = .null
            var failure: FieldFailure?
            place.append(.key(step.name))
            map.update(step.name) { member in
                if member.isNull, let made { member = made }
                do throws(FieldFailure) { try change(&member, rest, creation, &place, body) } catch { failure = error }
            }
            place.removeLast()
            value = .map(map)
            if let failure { throw failure }
        case .bool, .int, .decimal, .string: throw .noContainer(value)
        }
    }
}

extension FieldFailure {
    static func noContainer(_ value: Value) -> FieldFailure {
        FieldFailure(message: "there is \(value.kindName) where a map or a list should be")
    }

    static func noMap(_ value: Value) -> FieldFailure { FieldFailure(message: "there is \(value.kindName) where a map should be") }

    static func noScalar(_ value: Value) -> FieldFailure { FieldFailure(message: "there is \(value.kindName) where a text should be") }
}

extension Node {
    /// What the transformer that is configured here could not change.
    func failure(_ error: FieldFailure) -> KustomizeFailure { failure("wrong-field", error.message) }
}
