// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import Manifests
import PostgresClient

/// Around every answer: errors become answers, browsers are told what they may do with it, and it is counted.
struct Frame: RouterMiddleware {
    typealias Input = Request
    typealias Output = Response
    typealias Context = CallContext

    let counters: Counters
    let pages: Pages
    let version: String

    @concurrent func handle(
        _ request: Request, context: CallContext, next: @concurrent (Request, CallContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do { response = try await next(request, context) } catch {
            let failure = Self.failure(for: error, context.logger)
            var reply = Self.wantsPage(request) ? .html(page(failure)) : Reply.json(failure.json)
            reply.status = failure.status
            for field in failure.headers { reply.headers[field.name] = field.value }
            response = ReplyWriting.response(to: request, reply)
        }
        Self.secure(&response.headers)
        counters.countAnswer(response.status.code)
        return response
    }

    /// What the caller is told. Anything that was not made for callers is logged and told in general words only.
    static func failure(for error: any Error, _ logger: Logger) -> APIFailure {
        let retry: HTTPFields = [.retryAfter: "1"]
        switch error {
        case let failure as APIFailure: return failure
        case let error as ShapeError: return .invalid("\(error)")
        case let error as DocumentError: return APIFailure(.badRequest, "invalid-json", "the body is not valid JSON: \(error)")
        case let error as HTTPError:
            return error.status == .notFound
                ? .notFound("there is nothing at this address") : APIFailure(error.status, "request", error.body ?? "\(error.status)")
        case let error as PostgresError:
            logger.warning("a request failed in the database", metadata: ["error": "\(error)"])
            return APIFailure(.serviceUnavailable, "database-unavailable", "the database does not answer; try again", headers: retry)
        case is CancellationError: return APIFailure(.serviceUnavailable, "stopping", "the coordinator is stopping", headers: retry)
        case let failure as ReportWriter.Failure:
            return APIFailure(
                .serviceUnavailable, "busy", failure == .stopped ? "the coordinator is stopping" : "too many reports wait", headers: retry)
        default:
            logger.error("a request failed", metadata: ["error": "\(error)"])
            return APIFailure(.internalServerError, "internal", "the coordinator could not answer; its log says why")
        }
    }

    private func page(_ failure: APIFailure) -> String {
        pages.error(
            ErrorPage(
                page: PageFrame(title: "\(failure.status.code)", isSignedIn: false, version: version),
                heading: failure.status == .notFound ? "Nothing here" : "That did not work", code: "\(failure.status.code)",
                message: failure.message, hint: failure.hint))
    }

    private static func wantsPage(_ request: Request) -> Bool {
        !request.uri.path.hasPrefix("/api/") && !request.uri.path.hasPrefix("/agent/")
            && request.headers[.accept]?.contains("text/html") == true
    }

    private static func secure(_ headers: inout HTTPFields) {
        // Everything comes from here, nothing is inline, nobody frames it.
        headers[.contentSecurityPolicy] = Pages.contentSecurityPolicy
        headers[.xContentTypeOptions] = "nosniff"
        for (name, value) in [
            ("X-Frame-Options", "DENY"), ("Referrer-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"), ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
        ] {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
    }
}
