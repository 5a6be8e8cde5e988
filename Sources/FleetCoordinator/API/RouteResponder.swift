// SPDX-License-Identifier: Apache-2.0
import Compression
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// Serves one route: asks who calls before anything of the body is read, reads it within the route's limit, and calls the handler.
struct RouteResponder: HTTPResponder {
    typealias Context = CallContext

    let route: Route
    let gate: Gate
    let permits: Permits
    /// Told of every call that was refused for want of a permission.
    var onDenial: @Sendable (_ denial: Denial, _ route: Route, _ author: Author) async -> Void = { _, _, _ in }

    func respond(to request: Request, context: CallContext) async throws -> Response {
        switch try await gate.admit(route.access, request.headers, from: context.remoteAddress, peer: context.peer) {
        case .signIn: return ReplyWriting.response(to: request, .seeOther("/sign-in"))
        case .admitted(let caller):
            var call = Call(
                path: try parameters(context), query: try Query(parsing: request.uri.query), headers: request.headers, body: [],
                caller: caller, address: context.remoteAddress, host: request.head.authority)
            let headers = request.headers
            let address = context.remoteAddress
            call.readmit = { [gate, route] in
                if case .admitted(let caller)? = try? await gate.admit(route.access, headers, from: address) { caller } else { nil }
            }
            return ReplyWriting.response(to: request, try await reply(to: call) { try await body(of: request) })
        }
    }

    /// Decides whether the caller may, before anything of the body is read, and has the handler answer.
    /// - Parameter body: reads the request's body.
    func reply(to call: Call, reading body: () async throws -> [UInt8]) async throws -> Reply {
        var call = call
        do {
            call.grants = try await permits.decide(route.access, call.caller, call.path)
            try refuseUnknown(call.query)
            call.body = try await body()
            if route.method != .get { try gate.checkCSRF(call) }
            return try await route.handler(call)
        } catch {
            if let denial = (error as? APIFailure)?.denial { await onDenial(denial, route, call.author) }
            throw error
        }
    }

    private func parameters(_ context: CallContext) throws(APIFailure) -> [String: String] {
        var values: [String: String] = [:]
        for name in route.parameters {
            guard let text = context.parameters[name[...]], let value = URLText.decode(text), value.utf8.count <= 512 else {
                throw .notFound("the path is not valid")
            }
            values[name] = value
        }
        return values
    }

    /// A mistyped filter would otherwise answer another question than the one that was asked.
    private func refuseUnknown(_ query: Query) throws(APIFailure) {
        guard case .needs = route.access else { return }
        let known = route.query.map(\.name)
        guard let unknown = query.values.keys.sorted().first(where: { !known.contains($0) }) else { return }
        throw .invalid(
            "there is no query parameter '\(unknown.prefix(60))' here",
            hint: known.isEmpty ? nil : "there are: \(known.joined(separator: ", "))")
    }

    private func body(of request: Request) async throws -> [UInt8] {
        guard route.bodyMax > 0 else { return [] }
        let tooLarge = APIFailure(.contentTooLarge, "too-large", "the body is larger than \(route.bodyMax) bytes")
        if let declared = request.headers[.contentLength].flatMap({ Int($0) }), declared > route.bodyMax { throw tooLarge }
        let collected: ByteBuffer
        do { collected = try await request.body.collect(upTo: route.bodyMax) } catch is NIOTooManyBytesError { throw tooLarge }
        let bytes = Array(collected.readableBytesView)
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "", "identity": return bytes
        case "gzip":
            do { return try Gzip.decompress(bytes, limit: route.bodyMax) } catch .tooLarge {
                throw tooLarge
            } catch {
                throw APIFailure(.badRequest, "invalid-encoding", "the body is not valid gzip")
            }
        case .some(let other):
            throw APIFailure(
                .unsupportedMediaType, "unsupported-encoding", "the body's encoding '\(other.prefix(40))' is not known; send gzip")
        }
    }
}

/// Turns replies into responses, compressed where that saves something and the caller understands it.
enum ReplyWriting {
    /// Smaller answers fit a packet or two as they are.
    static let compressFrom = 1_024

    static func response(to request: Request, _ reply: Reply) -> Response {
        var headers = reply.headers
        switch reply.body {
        case .stream(let write): return Response(status: reply.status, headers: headers, body: ResponseBody(write))
        case .bytes(var bytes):
            if bytes.count > compressFrom, headers[.contentEncoding] == nil {
                headers[.vary] = headers[.vary].map { "\($0), Accept-Encoding" } ?? "Accept-Encoding"
                if accepts(request.headers[.acceptEncoding]), let compressed = try? Gzip.compress(bytes) {
                    bytes = compressed
                    headers[.contentEncoding] = "gzip"
                }
            }
            return Response(status: reply.status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        }
    }

    /// Whether `Accept-Encoding` names gzip, and not only to forbid it (RFC 9110 §12.5.3).
    static func accepts(_ header: String?) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { item in
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            guard parts.first == "gzip" || parts.first == "*" else { return false }
            return !parts.dropFirst().contains { $0.hasPrefix("q=0") && !$0.contains { ("1"..."9").contains($0) } }
        }
    }
}
