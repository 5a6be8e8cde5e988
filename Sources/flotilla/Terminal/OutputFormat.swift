// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

/// How a result is printed: a table for people, documents for programs.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml

    /// The document's text; `nil` for tables.
    func document(_ value: Value) -> String? {
        switch self {
        case .table, .wide: nil
        case .json: JSON.text(value, pretty: true) + "\n"
        case .yaml: YAML.write(value)
        }
    }
}
