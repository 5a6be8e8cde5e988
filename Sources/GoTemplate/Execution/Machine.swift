// SPDX-License-Identifier: Apache-2.0

/// What carries templates out: output, variables, bounds, and where it is.
final class Machine {
    /// What the templates under way have written, `include` and `tpl` included: they take their part away again.
    var output: [UInt8] = []
    /// The index of the node that an error would be about.
    var at = 0
    private(set) var limits: TemplateLimits
    let entropy: Entropy?
    private(set) var nonRepeatable: Set<String> = []

    private var variables: [Datum] = []
    private var base = 0
    private var template: Template?
    private var scope: TemplateScope
    private var steps = 0
    private var produced = 0
    private var depth = 0
    private var stackBegin: UInt = 0
    private var includes: [String: Int] = [:]
    private var parsed: [String: [Template]] = [:]
    /// Regular expressions, compiled once; see `RegexFunctions`.
    var expressions = RegexCache()

    /// Templates by name; those that a `tpl` defines hide others while it runs.
    private final class TemplateScope {
        let outer: TemplateScope?
        var own: [String: Template]

        init(_ own: [String: Template], outer: TemplateScope?) {
            self.own = own
            self.outer = outer
        }

        func find(_ name: String) -> Template? { own[name] ?? outer?.find(name) }
    }

    init(_ templates: TemplateSet, limits: TemplateLimits, entropy: Entropy?) {
        self.limits = limits
        self.entropy = entropy
        scope = TemplateScope(templates.templates, outer: nil)
    }

    /// Maps that other maps were put into, which may so have come to hold themselves.
    private var changedMaps: [ObjectIdentifier: Dictionary] = [:]

    /// Remembers a map whose members refer to other maps, so that circles can be undone.
    func changed(_ map: Dictionary, by value: Datum) {
        switch value {
        case .map, .list: changedMaps[ObjectIdentifier(map)] = map
        default: break
        }
    }

    deinit {
        // What refers to itself would never be freed.
        for map in changedMaps.values { map.removeAll() }
    }

    subscript(slot: Int) -> Datum {
        get { variables[base + slot] }
        set { variables[base + slot] = newValue }
    }

    func template(named name: String) -> Template? { scope.find(name) }

    // MARK: Bounds

    @inline(__always)
    func step() throws(TemplateFailure) {
        steps += 1
        if steps & 1023 == 0 { try checkBounds() }
    }

    /// Counts work that a function does for many items at once.
    func charge(items: Int) throws(TemplateFailure) {
        steps += items
        try checkBounds()
    }

    /// Counts a list that a function makes, before it is made.
    func charge(listOf count: Int) throws(TemplateFailure) {
        if count > limits.itemsMax {
            throw TemplateFailure("a list of \(count) items, more than the limit of \(limits.itemsMax)", code: .limit)
        }
        try charge(items: count)
    }

    /// `reflect.DeepEqual`, bounded.
    func areDeeplyEqual(_ a: Datum, _ b: Datum) throws(TemplateFailure) -> Bool {
        let most = 10 * limits.itemsMax
        var left = most
        let areEqual = a.deepEquals(b, &left)
        if left <= 0 { throw TemplateFailure("a comparison of more than \(most) values, or of maps that hold themselves", code: .limit) }
        try charge(items: most - left)
        return areEqual
    }

    /// Refuses a string that grows too large while it is made.
    @inline(__always)
    func check(bytes: Int) throws(TemplateFailure) {
        if bytes > limits.stringBytesMax { try charge(bytes: bytes) }
    }

    /// Counts a string that a function makes.
    func charge(bytes: Int) throws(TemplateFailure) {
        if bytes > limits.stringBytesMax {
            throw TemplateFailure("a string of \(bytes) bytes, more than the limit of \(limits.stringBytesMax)", code: .limit)
        }
        produced += bytes
        if produced > limits.producedBytesMax {
            throw TemplateFailure("strings of more bytes than the limit of \(limits.producedBytesMax)", code: .limit)
        }
    }

    private func checkBounds() throws(TemplateFailure) {
        if steps > limits.stepsMax { throw failure("more steps than the limit of \(limits.stepsMax)", code: .limit) }
        if output.count > limits.outputBytesMax {
            throw failure("more output than the limit of \(limits.outputBytesMax) bytes", code: .limit)
        }
        if Task.isCancelled { throw failure("cancelled", code: .cancelled) }
    }

    @inline(never)
    private static func stackPosition() -> UInt {
        var here: UInt8 = 0
        return withUnsafeMutablePointer(to: &here) { UInt(bitPattern: $0) }
    }

    // MARK: Running

    func render(_ template: Template, _ data: Datum) throws(TemplateFailure) -> [UInt8] {
        output.removeAll(keepingCapacity: true)
        stackBegin = Self.stackPosition()
        try run(template, data)
        try checkBounds()
        return NoValue.removed(from: output)
    }

    /// Carries out a template with variables of its own.
    func run(_ template: Template, _ dot: Datum) throws(TemplateFailure) {
        let (outerTemplate, outerBase, outerAt) = (self.template, base, at)
        depth += 1
        if depth > limits.callDepthMax { throw failure("nested deeper than the limit of \(limits.callDepthMax) templates", code: .limit) }
        let position = Self.stackPosition()
        if stackBegin > position, stackBegin - position > UInt(limits.stackBytesMax) {
            throw failure("templates nested so deep that their stack is more than \(limits.stackBytesMax) bytes", code: .limit)
        }
        base = variables.count
        variables.append(dot)
        for _ in 1..<max(template.slotCount, 1) { variables.append(.none) }
        self.template = template
        defer {
            variables.removeLast(variables.count - base)
            base = outerBase
            self.template = outerTemplate
            at = outerAt
            depth -= 1
        }
        _ = try template.root.walk(self, dot)
    }

    /// Takes away what was written since `start`.
    private func takeOutput(from start: Int) throws(TemplateFailure) -> Datum {
        try charge(bytes: output.count - start)
        let text = Datum.text(output[start...])
        output.removeLast(output.count - start)
        return text
    }

    func include(_ name: String, _ data: Datum) throws(TemplateFailure) -> Datum {
        let count = includes[name, default: 0]
        if count > Self.recursionMax {
            throw TemplateFailure("rendering template has a nested reference name: \(name): unable to execute template", code: .limit)
        }
        includes[name] = count + 1
        defer { includes[name] = count }
        guard let template = scope.find(name) else {
            throw TemplateFailure("template: no template \(Quoting.quote(name)) associated with template \"gotpl\"")
        }
        let start = output.count
        try run(template, data)
        return try takeOutput(from: start)
    }

    /// Helm's bound on a template that includes itself.
    private static let recursionMax = 1_000

    func tpl(_ text: Datum, _ data: Datum) throws(TemplateFailure) -> Datum {
        let bytes = text.stringBytes ?? []
        // Nothing to carry out: most values are plain text.
        if !bytes.contains(UInt8(ascii: "{")) { return NoValue.removed(from: text) }
        let key = text.text
        let templates: [Template]
        do throws(TemplateFailure) {
            if let known = parsed[key] {
                templates = known
            } else {
                templates = try Parser.parse(name: "gotpl", text: bytes, limits: limits)
            }
        } catch {
            let code: TemplateFailure.Code = error.code == .syntax ? .execution : error.code
            throw TemplateFailure("cannot parse template \(Quoting.quote(key)): \(error.message)", code: code, cause: error)
        }
        if parsed[key] == nil {
            try charge(bytes: bytes.count)
            parsed[key] = templates
        }
        guard let main = templates.last else { return .string("") }
        let outer = scope
        if templates.count > 1 { scope = inner(templates) }
        defer { scope = outer }
        let start = output.count
        do throws(TemplateFailure) {
            try run(main, data)
            return NoValue.removed(from: try takeOutput(from: start))
        } catch {
            throw TemplateFailure(
                "error during tpl function execution for \(Quoting.quote(key)): \(error.message)", code: error.code, cause: error)
        }
    }

    private func inner(_ templates: [Template]) -> TemplateScope {
        let inner = TemplateScope([:], outer: scope)
        for template in templates where !(template.isEmpty && scope.find(template.name) != nil) { inner.own[template.name] = template }
        return inner
    }

    // MARK: Failing

    /// A failure at the node of `at`.
    func failure(_ message: String, code: TemplateFailure.Code = .execution, cause: TemplateFailure? = nil) -> TemplateFailure {
        guard let template, template.source.nodes.indices.contains(at) else {
            return TemplateFailure("template: \(message)", code: code, cause: cause)
        }
        let node = template.source.nodes[at]
        return TemplateFailure(
            "template: \(template.source.location(node)): executing \(Quoting.quote(template.name)) at <\(node.text)>: \(message)",
            code: code, cause: cause)
    }

    /// - Throws: code `not-repeatable` where there is no entropy.
    func useEntropy(_ function: String) throws(TemplateFailure) -> Entropy {
        nonRepeatable.insert(function)
        guard let entropy else {
            throw TemplateFailure(
                "\(function) gives something else at each rendering, so that what was planned would not be what is applied; "
                    + "give the value itself, or refer to a Secret that exists", code: .notRepeatable)
        }
        return entropy
    }

    func print(_ value: Datum) throws(TemplateFailure) {
        switch value {
        case .string(let text): output.append(contentsOf: text.utf8)
        case .raw(let bytes): output.append(contentsOf: bytes)
        case .none, .null: output.append(contentsOf: NoValue.text)
        default: Format.append(value, to: &output)
        }
    }
}

/// What Go prints for an absent value, and Helm takes out again.
enum NoValue {
    static let text = Array("<no value>".utf8)

    static func removed(from text: Datum) -> Datum {
        let bytes = text.stringBytes ?? []
        return Search.contains(self.text, in: bytes) ? .text(removed(from: bytes)) : text
    }

    static func removed(from bytes: [UInt8]) -> [UInt8] {
        guard Search.first(of: text, in: bytes, from: 0) != nil else { return bytes }
        return Search.replace(text, by: [], in: bytes)
    }
}
