// SPDX-License-Identifier: Apache-2.0

extension Parser {
    /// Declarations, then commands up to `end`, which is consumed.
    mutating func parsePipe(_ context: String, end: Token.Kind) throws(TemplateFailure) -> Pipe {
        let position = peekNonSpace().position
        let (names, isAssignment) = try parseVariables(context)
        var commands: [Command] = []
        while true {
            let token = nextNonSpace()
            switch token.kind {
            case end:
                guard !commands.isEmpty else { throw failure("missing value for \(context)") }
                for (index, command) in commands.enumerated().dropFirst() {
                    guard let command = command as? ValueCommand else { continue }
                    let first = command.words[0]
                    if first is ConstantExpression || first is DotExpression || first is NilExpression {
                        throw failure("non executable command in pipeline stage \(index + 1)")
                    }
                }
                let slots = bind(names, isAssignment: isAssignment, isRange: context == "range")
                return add { Pipe($0, position, commands, names: names, slots: slots, isAssignment: isAssignment) }
            case .bool, .charConstant, .complex, .dot, .field, .identifier, .number, .nil, .rawString, .string, .variable, .leftParenthesis:
                back(token)
                commands.append(try parseCommand())
            default: throw unexpected(token, context)
            }
        }
    }

    /// Gives declared variables their places. They are known from here on: the commands were read before.
    private mutating func bind(_ names: [String], isAssignment: Bool, isRange: Bool) -> [Int] {
        names.enumerated().map { index, name in
            if isAssignment { return scope.variables.last { $0.name == name }?.slot ?? -1 }
            return scope.declare(name, isElement: isRange && index == names.count - 1)
        }
    }

    private mutating func parseVariables(_ context: String) throws(TemplateFailure) -> (names: [String], isAssignment: Bool) {
        var names: [String] = []
        while true {
            let variable = peekNonSpace()
            guard variable.kind == .variable else { return (names, false) }
            _ = next()
            let space = peek()
            let following = peekNonSpaceKeeping(space)
            if following.kind == .assign || following.kind == .declare {
                _ = nextNonSpace()
                names.append(lexer.text(variable))
                return (names, following.kind == .assign)
            }
            if following.kind == .char, lexer.text(following) == "," {
                _ = nextNonSpace()
                names.append(lexer.text(variable))
                guard context == "range", names.count < 2 else { throw failure("too many declarations in \(context)") }
                switch peekNonSpace().kind {
                case .variable, .rightDelimiter, .rightParenthesis: continue
                default: throw failure("range can only initialize variables")
                }
            }
            back(variable)
            return (names, false)
        }
    }

    /// The next token that is no space, with a space before it put back too.
    private mutating func peekNonSpaceKeeping(_ space: Token) -> Token {
        guard space.kind == .space else { return space }
        _ = next()
        let token = nextNonSpace()
        back(token)
        back(space)
        return token
    }

    private mutating func parseCommand() throws(TemplateFailure) -> Command {
        let position = peekNonSpace().position
        var words: [Expression] = []
        parsing: while true {
            _ = peekNonSpace()
            if let operand = try parseOperand() { words.append(operand) }
            let token = next()
            switch token.kind {
            case .space: continue
            case .rightDelimiter, .rightParenthesis:
                back(token)
                break parsing
            case .pipe: break parsing
            default: throw unexpected(token, "operand")
            }
        }
        guard let first = words.first else { throw failure("empty command") }
        if let function = first as? FunctionName {
            return add { CallCommand($0, position, function, Array(words.dropFirst())) }
        }
        return add { ValueCommand($0, position, words) }
    }

    private mutating func parseOperand() throws(TemplateFailure) -> Expression? {
        guard let term = try parseTerm() else { return nil }
        let token = peek()
        guard token.kind == .field else { return term }
        var fields: [String] = []
        while peek().kind == .field {
            let field = next()
            fields.append(String(lexer.text(field).dropFirst()))
        }
        switch term {
        case let chain as FieldChain:
            let all = chain.steps.map(\.name) + fields
            return add { FieldChain($0, token.position, chain.origin, all, isElement: chain.isElement) }
        case let variable as VariableExpression:
            let isElement = scope.variables.last { $0.name == variable.name }?.isElement ?? false
            return add {
                FieldChain($0, token.position, .variable(name: variable.name, slot: variable.slot), fields, isElement: isElement)
            }
        case is ConstantExpression, is NilExpression, is DotExpression:
            throw failure("unexpected . after term \(Quoting.quote(term.text))")
        default: return add { FieldChain($0, token.position, .expression(term), fields, isElement: false) }
        }
    }

    private mutating func parseTerm() throws(TemplateFailure) -> Expression? {
        let token = nextNonSpace()
        let position = token.position
        switch token.kind {
        case .identifier:
            let name = lexer.text(token)
            guard let function = FunctionTable.function(named: name) else {
                throw failure("function \(Quoting.quote(name)) not defined")
            }
            return add { FunctionName($0, position, function) }
        case .dot: return add { DotExpression($0, position) }
        case .nil: return add { NilExpression($0, position) }
        case .variable:
            let name = lexer.text(token)
            guard let variable = scope.variables.last(where: { $0.name == name }) else {
                throw failure("undefined variable \(Quoting.quote(name))")
            }
            return add { VariableExpression($0, position, variable.name, variable.slot) }
        case .field:
            let isElement = scope.dotIsElement
            let field = String(lexer.text(token).dropFirst())
            return add { FieldChain($0, position, .dot, [field], isElement: isElement) }
        case .bool:
            let isTrue = lexer.text(token) == "true"
            return add { ConstantExpression($0, position, .bool(isTrue)) }
        case .charConstant, .complex, .number: return try parseNumber(token)
        case .leftParenthesis:
            try enter()
            let pipe = try parsePipe("parenthesized pipeline", end: .rightParenthesis)
            nesting -= 1
            return pipe
        case .string, .rawString:
            let literal = lexer.text(token)
            guard let bytes = Quoting.unquote(literal) else { throw failure("invalid syntax") }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                return add { ConstantExpression($0, position, .raw(bytes, literal: literal)) }
            }
            return add { ConstantExpression($0, position, .string(text, literal: literal)) }
        default:
            back(token)
            return nil
        }
    }

    private mutating func parseNumber(_ token: Token) throws(TemplateFailure) -> Expression {
        let number: NumberLiteral
        do throws(NumberLiteral.NumberError) {
            number = try NumberLiteral(lexer.text(token), isCharacter: token.kind == .charConstant)
        } catch {
            throw failure(error.message)
        }
        return add { ConstantExpression($0, token.position, .number(number)) }
    }
}
