// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Values as files say them, and how several become one. Inside charts YAML is read as Helm reads it: with the booleans of YAML 1.1.
package enum ChartValues {
    /// The documents of a file of values, later ones over earlier ones.
    package static func read(_ bytes: [UInt8], file: String) throws(HelmFailure) -> Map {
        let documents: [Value]
        do throws(DocumentError) {
            documents = try YAML.documents(bytes, duplicateKeys: .lastCounts)
        } catch {
            throw HelmFailure(.values, "cannot load \(file): \(error)")
        }
        var values = Map()
        for document in documents where !document.isNull {
            guard let map = document.map else {
                throw HelmFailure(.values, "cannot load \(file): values are an object, not \(document.kindName)")
            }
            values = values.isEmpty ? map : merged(values, with: map)
        }
        return values
    }

    /// Values of several files: of one key the later file's value counts, maps are merged, `null` stays `null` and removes a default.
    package static func merged(_ earlier: Map, with later: Map) -> Map {
        var result = earlier
        for entry in later {
            if case .map(let new) = entry.value, case .map(let old)? = result[entry.key] {
                result[entry.key] = .map(merged(old, with: new))
            } else {
                result[entry.key] = entry.value
            }
        }
        return result
    }

    // MARK: - Paths

    /// The map at a path such as `a.b`; `nil` where there is none.
    static func table(_ path: String, in values: Map) -> Map? {
        var table = values
        for part in path.split(separator: ".", omittingEmptySubsequences: false) {
            guard case .map(let inner)? = table[String(part)] else { return nil }
            table = inner
        }
        return table
    }

    /// What is at a path, unless that is a map.
    static func scalar(_ path: String, in values: Map) -> Value? {
        var parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let last = parts.popLast() else { return nil }
        let table = parts.isEmpty ? values : Self.table(parts.joined(separator: "."), in: values)
        guard let value = table?[last], value.map == nil else { return nil }
        return value
    }
}
