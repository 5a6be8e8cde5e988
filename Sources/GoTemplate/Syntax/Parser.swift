// SPDX-License-Identifier: Apache-2.0

/// Reads a template's text into trees: the main template and those that it defines. Variables get their places and functions are found
/// here, so that carrying out looks up neither.
struct Parser {
    let name: String
    var lexer: Lexer
    var lookahead: [Token] = []
    /// The token read last, whose line errors name.
    var lastLine = 1
    var actionLine = 0
    var nodes: [Node] = []
    var scope = Scope()
    var definitions: [(name: String, root: Block, slotCount: Int)] = []
    var nesting = 0
    let nestingMax: Int
    let templatesMax: Int

    /// What names mean inside of one template.
    struct Scope {
        var variables: [(name: String, slot: Int, isElement: Bool)] = [("$", 0, false)]
        var slotCount = 1
        var rangeDepth = 0
        var dotIsElement = false

        mutating func declare(_ name: String, isElement: Bool = false) -> Int {
            variables.append((name, slotCount, isElement))
            slotCount += 1
            return slotCount - 1
        }
    }

    /// The templates of a text, the main one last.
    /// - Throws: a failure with code `syntax` or `limit`.
    static func parse(name: String, text: [UInt8], limits: TemplateLimits) throws(TemplateFailure) -> [Template] {
        guard text.count <= limits.templateBytesMax else {
            throw TemplateFailure(
                "template: \(name):1: \(text.count) bytes, more than the limit of \(limits.templateBytesMax)", code: .limit)
        }
        var parser = Parser(name: name, text: text, limits: limits)
        let root = try parser.parseFile()
        let main = (name: name, root: root, slotCount: parser.scope.slotCount)
        let source = Source(name: name, bytes: text, nodes: parser.nodes)
        return (parser.definitions + [main]).map { Template(name: $0.name, source: source, root: $0.root, slotCount: $0.slotCount) }
    }

    private init(name: String, text: [UInt8], limits: TemplateLimits) {
        self.name = name
        lexer = Lexer(text)
        nestingMax = limits.nestingMax
        templatesMax = limits.templatesMax
    }

    // MARK: Tokens

    mutating func next() -> Token {
        if !lookahead.isEmpty { return lookahead.removeLast() }
        let token = lexer.next()
        lastLine = token.line
        return token
    }

    mutating func back(_ token: Token) { lookahead.append(token) }

    mutating func peek() -> Token {
        let token = next()
        back(token)
        return token
    }

    mutating func nextNonSpace() -> Token {
        var token = next()
        while token.kind == .space { token = next() }
        return token
    }

    mutating func peekNonSpace() -> Token {
        let token = nextNonSpace()
        back(token)
        return token
    }

    mutating func expect(_ kind: Token.Kind, _ context: String) throws(TemplateFailure) -> Token {
        let token = nextNonSpace()
        guard token.kind == kind else { throw unexpected(token, context) }
        return token
    }

    func failure(_ message: String, code: TemplateFailure.Code = .syntax) -> TemplateFailure {
        TemplateFailure("template: \(name):\(lastLine): \(message)", code: code)
    }

    func unexpected(_ token: Token, _ context: String) -> TemplateFailure {
        guard token.kind == .error else { return failure("unexpected \(lexer.shown(token)) in \(context)") }
        var extra = ""
        if actionLine != 0, actionLine != token.line {
            extra = " in action started at \(name):\(actionLine)"
            if lexer.text(token).hasSuffix(" action") { extra = String(extra.dropFirst(" in action".count)) }
        }
        return failure(lexer.text(token) + extra)
    }

    mutating func add<N: Node>(_ make: (Int) -> N) -> N {
        let node = make(nodes.count)
        nodes.append(node)
        return node
    }

    mutating func enter() throws(TemplateFailure) {
        nesting += 1
        guard nesting <= nestingMax else { throw failure("nested deeper than the limit of \(nestingMax)", code: .limit) }
    }

    // MARK: Lists

    private enum Item {
        case statement(Statement)
        case end
        case `else`
    }

    private mutating func parseFile() throws(TemplateFailure) -> Block {
        var statements: [Statement] = []
        let position = peek().position
        while peek().kind != .end {
            if peek().kind == .leftDelimiter {
                let delimiter = next()
                let token = nextNonSpace()
                if token.kind == .define {
                    try parseDefinition()
                    continue
                }
                back(token)
                back(delimiter)
            }
            switch try parseItem() {
            case .statement(let statement): statements.append(statement)
            case .end: throw failure("unexpected {{end}}")
            case .else: throw failure("unexpected {{else}}")
            }
        }
        return add { Block($0, position, statements) }
    }

    private mutating func parseDefinition() throws(TemplateFailure) {
        let context = "define clause"
        let token = nextNonSpace()
        guard token.kind == .string || token.kind == .rawString else { throw unexpected(token, context) }
        let name = try string(token)
        _ = try expect(.rightDelimiter, context)
        let (root, slotCount) = try parseBody(context)
        try define(name, root, slotCount)
    }

    /// A template's body, up to its `end`, with variables of its own.
    private mutating func parseBody(_ context: String) throws(TemplateFailure) -> (Block, Int) {
        let outer = scope
        scope = Scope()
        let (root, end) = try parseList()
        guard case .end = end else { throw failure("unexpected {{else}} in \(context)") }
        let slotCount = scope.slotCount
        scope = outer
        return (root, slotCount)
    }

    private mutating func define(_ name: String, _ root: Block, _ slotCount: Int) throws(TemplateFailure) {
        guard definitions.count < templatesMax else { throw failure("more templates than the limit of \(templatesMax)", code: .limit) }
        if let index = definitions.firstIndex(where: { $0.name == name }) {
            if definitions[index].root.isBlank {
                definitions[index] = (name, root, slotCount)
            } else if !root.isBlank {
                throw failure("template: multiple definition of template \(Quoting.quote(name))")
            }
            return
        }
        definitions.append((name, root, slotCount))
    }

    private mutating func parseList() throws(TemplateFailure) -> (Block, Item) {
        try enter()
        var statements: [Statement] = []
        let position = peekNonSpace().position
        while peekNonSpace().kind != .end {
            let item = try parseItem()
            guard case .statement(let statement) = item else {
                nesting -= 1
                return (add { Block($0, position, statements) }, item)
            }
            statements.append(statement)
        }
        throw failure("unexpected EOF")
    }

    private mutating func parseItem() throws(TemplateFailure) -> Item {
        let token = nextNonSpace()
        switch token.kind {
        case .text:
            let bytes = Array(lexer.bytes(token))
            return .statement(add { TextStatement($0, token.position, bytes) })
        case .leftDelimiter:
            actionLine = token.line
            let item = try parseAction()
            actionLine = 0
            return item
        default: throw unexpected(token, "input")
        }
    }

    private mutating func parseAction() throws(TemplateFailure) -> Item {
        let token = nextNonSpace()
        switch token.kind {
        case .block: return .statement(try parseBlock())
        case .break, .continue: return .statement(try parseJump(token))
        case .else:
            let following = peekNonSpace()
            if following.kind == .if || following.kind == .with { return .else }
            _ = try expect(.rightDelimiter, "else")
            return .else
        case .endKeyword:
            _ = try expect(.rightDelimiter, "end")
            return .end
        case .if: return .statement(try parseControl(.if))
        case .range: return .statement(try parseControl(.range))
        case .template: return .statement(try parseTemplateCall())
        case .with: return .statement(try parseControl(.with))
        default: break
        }
        back(token)
        let pipe = try parsePipe("command", end: .rightDelimiter)
        return .statement(add { Action($0, token.position, pipe) })
    }

    private mutating func parseJump(_ token: Token) throws(TemplateFailure) -> Statement {
        let name = token.kind == .break ? "{{break}}" : "{{continue}}"
        let following = nextNonSpace()
        guard following.kind == .rightDelimiter else { throw unexpected(following, name) }
        guard scope.rangeDepth > 0 else { throw failure("\(name) outside {{range}}") }
        return add { Jump($0, token.position, token.kind == .break ? .break : .continue) }
    }

    private enum Control: String {
        case `if`, with, range
    }

    private mutating func parseControl(_ control: Control) throws(TemplateFailure) -> Statement {
        try enter()
        let variableCount = scope.variables.count
        let outerDotIsElement = scope.dotIsElement
        let pipe = try parsePipe(control.rawValue, end: .rightDelimiter)
        switch control {
        case .if: break
        case .with: scope.dotIsElement = false
        case .range:
            scope.dotIsElement = true
            scope.rangeDepth += 1
        }
        let (body, end) = try parseList()
        if control == .range { scope.rangeDepth -= 1 }
        scope.dotIsElement = outerDotIsElement
        var elseBody: Block?
        if case .else = end {
            let token = peek()
            if (control == .if && token.kind == .if) || (control == .with && token.kind == .with) {
                _ = next()
                let inner = try parseControl(control)
                elseBody = add { Block($0, token.position, [inner]) }
            } else {
                let (list, last) = try parseList()
                guard case .end = last else { throw failure("expected end; found {{else}}") }
                elseBody = list
            }
        }
        scope.variables.removeLast(scope.variables.count - variableCount)
        nesting -= 1
        return switch control {
        case .if, .with: add { Condition($0, pipe.position, pipe, body, else: elseBody, isWith: control == .with) }
        case .range: add { RangeStatement($0, pipe.position, pipe, body, else: elseBody) }
        }
    }

    private mutating func parseBlock() throws(TemplateFailure) -> Statement {
        let context = "block clause"
        let token = nextNonSpace()
        guard token.kind == .string || token.kind == .rawString else { throw unexpected(token, context) }
        let name = try string(token)
        let pipe = try parsePipe(context, end: .rightDelimiter)
        let (root, slotCount) = try parseBody(context)
        try define(name, root, slotCount)
        return add { TemplateCall($0, token.position, name, pipe) }
    }

    private mutating func parseTemplateCall() throws(TemplateFailure) -> Statement {
        let context = "template clause"
        let token = nextNonSpace()
        guard token.kind == .string || token.kind == .rawString else { throw unexpected(token, context) }
        let name = try string(token)
        var pipe: Pipe?
        let following = nextNonSpace()
        if following.kind != .rightDelimiter {
            back(following)
            pipe = try parsePipe(context, end: .rightDelimiter)
        }
        return add { TemplateCall($0, token.position, name, pipe) }
    }

    func string(_ token: Token) throws(TemplateFailure) -> String {
        guard let bytes = Quoting.unquote(lexer.text(token)) else { throw failure("invalid syntax") }
        return UTF8Bytes.repaired(bytes)
    }
}
