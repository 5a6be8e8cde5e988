// SPDX-License-Identifier: Apache-2.0

/// A value with fields and methods that templates can use, such as Helm's `.Files` and `.Capabilities`.
package protocol TemplateObject: AnyObject {
    /// The Go type, as `%T` prints it and errors name it.
    var typeName: String { get }
    /// `struct`, `ptr`, `map` or `slice`.
    var kindName: String { get }
    /// What prints; `nil` prints the fields or members.
    var printed: String? { get }
    var isTrue: Bool { get }
    /// The items of a slice with methods.
    var items: [Datum]? { get }
    /// The members of a map with methods, and what JSON and YAML take of a struct.
    var members: [(String, Datum)]? { get }
    /// A field, or a member of a map; `nil` where there is none.
    func field(_ name: String) -> Datum?
    /// A method by its name.
    func method(_ name: String) -> TemplateMethod?
}

/// A method's parameters and what it does.
package struct TemplateMethod {
    let parameters: [Parameter]
    let body: ([Datum]) throws(TemplateFailure) -> Datum

    package init(_ parameters: [Parameter] = [], _ body: @escaping ([Datum]) throws(TemplateFailure) -> Datum) {
        self.parameters = parameters
        self.body = body
    }
}

extension TemplateObject {
    package var printed: String? { nil }
    package var isTrue: Bool { true }
    package var items: [Datum]? { nil }
    package var members: [(String, Datum)]? { nil }
    package func field(_ name: String) -> Datum? { nil }
    package func method(_ name: String) -> TemplateMethod? { nil }
}

/// What a function or method takes at one place: Go's types, by which arguments are checked.
package enum Parameter: UInt8, Sendable {
    case any, string, int, int64, uint32, float, bool, list, map, time, certificate, version

    var goName: String {
        switch self {
        case .any: "interface {}"
        case .string: "string"
        case .int: "int"
        case .int64: "int64"
        case .uint32: "uint32"
        case .float: "float64"
        case .bool: "bool"
        case .list: "[]interface {}"
        case .map: "map[string]interface {}"
        case .time: "time.Time"
        case .certificate: "sprig.certificate"
        case .version: "*semver.Version"
        }
    }

    /// Whether an untyped `nil` fits.
    var canBeNil: Bool { self == .any || self == .list || self == .map || self == .version }

    /// Whether Go would assign the value to this type.
    func accepts(_ value: Datum) -> Bool {
        switch (self, value) {
        case (.any, _): true
        case (.string, .string), (.string, .raw): true
        case (.int, .integer(_, .int)), (.int64, .integer(_, .int64)), (.uint32, .integer(_, .uint32)): true
        case (.float, .float), (.bool, .bool), (.time, .time): true
        case (.list, .list(_, .any)), (.list, .list(_, .nilAny)): true
        case (.map, .map(let map)): map.typeName == Parameter.map.goName || map.typeName == ValuesMethods.typeName
        case (.certificate, .object(let object)): object.typeName == Parameter.certificate.goName
        case (.version, .object(let object)): object.typeName == Parameter.version.goName
        default: false
        }
    }
}
