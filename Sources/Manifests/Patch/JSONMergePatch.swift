// SPDX-License-Identifier: Apache-2.0

/// JSON merge patch (RFC 7386): maps merge, a null deletes, everything else replaces.
package enum JSONMergePatch {
    package static func apply(_ patch: Value, to target: Value) -> Value {
        guard case .map(let changes) = patch else { return patch }
        var result = target.map ?? Map()
        for change in changes {
            if change.value.isNull {
                result[change.key] = nil
            } else if case .map = change.value {
                result.update(change.key) { $0 = apply(change.value, to: $0) }
            } else {
                result[change.key] = change.value
            }
        }
        return .map(result)
    }
}
