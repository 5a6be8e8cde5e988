// SPDX-License-Identifier: Apache-2.0

/// A function that templates can call: what it takes, and what it does.
struct Function: Sendable {
    let name: String
    let parameters: [Parameter]
    /// The type of any number of further arguments.
    let variadic: Parameter?
    let body: Body
    let trait: Trait

    /// One case for each number of arguments, so that calls with few need no array.
    enum Body: Sendable {
        case none(@Sendable (Machine) throws(TemplateFailure) -> Datum)
        case one(@Sendable (Machine, Datum) throws(TemplateFailure) -> Datum)
        case two(@Sendable (Machine, Datum, Datum) throws(TemplateFailure) -> Datum)
        case three(@Sendable (Machine, Datum, Datum, Datum) throws(TemplateFailure) -> Datum)
        case many(@Sendable (Machine, [Datum]) throws(TemplateFailure) -> Datum)
        /// Any number, but nearly always one.
        case oneOrMany(
            @Sendable (Machine, Datum) throws(TemplateFailure) -> Datum, @Sendable (Machine, [Datum]) throws(TemplateFailure) -> Datum)
        /// Any number, but nearly always two.
        case twoOrMany(
            @Sendable (Machine, Datum, Datum) throws(TemplateFailure) -> Datum,
            @Sendable (Machine, [Datum]) throws(TemplateFailure) -> Datum)
    }

    enum Trait: Sendable {
        case plain
        /// Gives something else each time.
        case notRepeatable
        /// Short circuits: later arguments are not evaluated.
        case and, or
    }

    init(_ name: String, _ parameters: [Parameter] = [], variadic: Parameter? = nil, _ body: Body, trait: Trait = .plain) {
        self.name = name
        self.parameters = parameters
        self.variadic = variadic
        self.body = body
        self.trait = trait
    }

    @inline(__always)
    func parameter(_ index: Int) -> Parameter { index < parameters.count ? parameters[index] : variadic ?? .any }
}

/// All functions, by name.
enum FunctionTable {
    static let functions: [String: Function] = {
        var table: [String: Function] = [:]
        for group in [
            Builtins.functions, FlowFunctions.functions, StringFunctions.functions, CaseFunctions.functions, NumberFunctions.functions,
            ListFunctions.functions, MapFunctions.functions, ReflectionFunctions.functions, EncodingFunctions.functions,
            DateFunctions.functions, RegexFunctions.functions, VersionFunctions.functions, PathFunctions.functions,
            CryptoFunctions.functions, CertificateFunctions.functions,
        ] {
            for function in group { table[function.name] = function }
        }
        return table
    }()

    static func function(named name: String) -> Function? { functions[name] }
}
