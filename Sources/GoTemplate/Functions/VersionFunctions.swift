// SPDX-License-Identifier: Apache-2.0

/// Functions on semantic versions.
enum VersionFunctions {
    static let functions: [Function] = [
        Function(
            "semver", [.string],
            .one { _, text throws(TemplateFailure) in
                .object(VersionObject(try SemanticVersion(text.text), isPointer: true))
            }),
        Function(
            "semverCompare", [.string, .string],
            .two { _, constraint, version throws(TemplateFailure) in
                let constraint = try VersionConstraint(constraint.text)
                return .bool(constraint.allows(try SemanticVersion(version.text)))
            }),
    ]
}

/// A version in templates, with the methods of Helm's library.
final class VersionObject: TemplateObject {
    let version: SemanticVersion
    private let isPointer: Bool

    init(_ version: SemanticVersion, isPointer: Bool) {
        self.version = version
        self.isPointer = isPointer
    }

    var typeName: String { isPointer ? "*semver.Version" : "semver.Version" }
    var kindName: String { isPointer ? "ptr" : "struct" }
    var printed: String? { version.description }

    func method(_ name: String) -> TemplateMethod? {
        let version = version
        func plain(_ value: Datum) -> TemplateMethod { TemplateMethod { _ in value } }
        func comparison(_ body: @escaping (Int) -> Datum) -> TemplateMethod {
            TemplateMethod([.version]) { arguments throws(TemplateFailure) in
                guard case .object(let object) = arguments[0], let other = object as? VersionObject else {
                    throw TemplateFailure("runtime error: invalid memory address or nil pointer dereference")
                }
                return body(version.compare(other.version))
            }
        }
        switch name {
        case "Major": return plain(.integer(Int64(bitPattern: version.major), .uint64))
        case "Minor": return plain(.integer(Int64(bitPattern: version.minor), .uint64))
        case "Patch": return plain(.integer(Int64(bitPattern: version.patch), .uint64))
        case "Prerelease": return plain(.string(version.prerelease))
        case "Metadata": return plain(.string(version.metadata))
        case "Original": return plain(.string(version.original))
        case "String": return plain(.string(version.description))
        case "Compare": return comparison { .int($0) }
        case "Equal": return comparison { .bool($0 == 0) }
        case "LessThan": return comparison { .bool($0 < 0) }
        case "GreaterThan": return comparison { .bool($0 > 0) }
        case "LessThanEqual": return comparison { .bool($0 <= 0) }
        case "GreaterThanEqual": return comparison { .bool($0 >= 0) }
        case "IncMajor": return plain(.object(VersionObject(version.next(.major), isPointer: false)))
        case "IncMinor": return plain(.object(VersionObject(version.next(.minor), isPointer: false)))
        case "IncPatch": return plain(.object(VersionObject(version.next(.patch), isPointer: false)))
        default: return nil
        }
    }
}
