// SPDX-License-Identifier: Apache-2.0
import HTTPTypes

/// One thing that can be asked of the coordinator over HTTP.
struct Route: Sendable {
    /// A query parameter, or a member of the JSON body.
    struct Input: Sendable {
        enum Kind: String, Sendable { case string, integer, boolean, object }

        let name: String
        let kind: Kind
        let isRequired: Bool
        let about: String

        static func optional(_ name: String, _ kind: Kind = .string, _ about: String) -> Input {
            Input(name: name, kind: kind, isRequired: false, about: about)
        }

        static func required(_ name: String, _ kind: Kind = .string, _ about: String) -> Input {
            Input(name: name, kind: kind, isRequired: true, about: about)
        }
    }

    typealias Handler = @Sendable (Call) async throws -> Reply

    let method: HTTPRequest.Method
    /// Parts in braces are parameters: `/api/v1/clusters/{cluster}`.
    let path: String
    let access: Access
    let summary: String
    /// The query parameters that are accepted; others are refused on routes of the API.
    let query: [Input]
    /// Members of the JSON body, for the description of the API; handlers check them.
    let members: [Input]
    /// The longest body that is read, in bytes, after decompression too.
    let bodyMax: Int
    /// What a successful answer is, for the description of the API.
    let answer: Answer
    let handler: Handler

    enum Answer: Sendable, Equatable {
        case object(String)
        case list(of: String)
        case text(String)
        case nothing
    }

    /// The names in braces.
    var parameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }.map { String($0.dropFirst().dropLast()) }
    }
}

/// All routes, each with its access. What is served, tested and described is made from this table alone.
struct RouteTable: Sendable {
    private(set) var routes: [Route] = []

    static let paging: [Route.Input] = [
        .optional("limit", .integer, "how many items, 1 to 500; 100 when absent"),
        .optional("after", .string, "the 'next' of the page before"),
    ]

    mutating func get(
        _ path: String, _ access: Access, _ summary: String, query: [Route.Input] = [], answer: Route.Answer,
        _ handler: @escaping Route.Handler
    ) {
        routes.append(
            Route(
                method: .get, path: path, access: access, summary: summary, query: query, members: [], bodyMax: 0, answer: answer,
                handler: handler))
    }

    mutating func post(
        _ path: String, _ access: Access, _ summary: String, members: [Route.Input] = [], bodyMax: Int = 64 << 10, answer: Route.Answer,
        _ handler: @escaping Route.Handler
    ) { change(.post, path, access, summary, members, bodyMax, answer, handler) }

    mutating func put(
        _ path: String, _ access: Access, _ summary: String, members: [Route.Input] = [], answer: Route.Answer,
        _ handler: @escaping Route.Handler
    ) { change(.put, path, access, summary, members, 64 << 10, answer, handler) }

    mutating func delete(
        _ path: String, _ access: Access, _ summary: String, members: [Route.Input] = [], answer: Route.Answer,
        _ handler: @escaping Route.Handler
    ) { change(.delete, path, access, summary, members, 64 << 10, answer, handler) }

    private mutating func change(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ summary: String, _ members: [Route.Input], _ bodyMax: Int,
        _ answer: Route.Answer, _ handler: @escaping Route.Handler
    ) {
        routes.append(
            Route(
                method: method, path: path, access: access, summary: summary, query: [], members: members, bodyMax: bodyMax, answer: answer,
                handler: handler))
    }
}
