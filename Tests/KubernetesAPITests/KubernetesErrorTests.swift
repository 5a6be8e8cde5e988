// SPDX-License-Identifier: Apache-2.0
import HTTPTestServer
import KubernetesAPI
import Testing

@Suite("KubernetesError") struct KubernetesErrorTests {
    private func error(_ status: Int, headers: [(String, String)] = [], json: String? = nil, text: String = "") async throws
        -> KubernetesError
    {
        let server = try HTTPTestServer { _, connection in
            if let json {
                connection.respond(status, headers: headers, json: json)
            } else {
                connection.respond(status, headers: headers, text: text)
            }
        }
        return try #require(
            await #expect(throws: KubernetesError.self) { try await server.client().get(.configMaps, namespace: "shop", name: "web") })
    }

    @Test("carries what the Status says") func status() async throws {
        let error = try await error(
            422,
            json: #"""
                {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "ConfigMap \"web\" is invalid",
                "reason": "Invalid", "details": {"name": "web", "kind": "ConfigMap", "causes": [{"reason": "FieldValueInvalid",
                "message": "Invalid value: 0", "field": "spec.x"}]}, "code": 422}
                """#)
        #expect(error.isInvalid && !error.isRetryable)
        #expect(error.reason == "Invalid")
        #expect(error.name == "web")
        #expect(error.causes == [.init(field: "spec.x", reason: "FieldValueInvalid", message: "Invalid value: 0")])
        #expect(error.description == "GET /api/v1/namespaces/shop/configmaps/web: 422 Invalid: ConfigMap \"web\" is invalid")
    }

    @Test("tells a missing object from a missing API") func notFound() async throws {
        let object = try await error(
            404, json: #"{"kind": "Status", "message": "m", "reason": "NotFound", "details": {"name": "web", "kind": "configmaps"}}"#)
        #expect(object.isNotFound && !object.isUnknownResource)
        let resource = try await error(404, json: #"{"kind": "Status", "message": "m", "reason": "NotFound", "details": {}, "code": 404}"#)
        #expect(resource.isUnknownResource && !resource.isNotFound)
        let group = try await error(404, text: "404 page not found\n")
        #expect(group.isUnknownResource && !group.isNotFound)
        #expect(group.message == "404 page not found")
    }

    @Test("a plain 429 says when to come back") func tooManyRequests() async throws {
        let error = try await error(429, headers: [("Retry-After", "1")], text: "Too many requests, please try again later.\n")
        #expect(error.isTooManyRequests && error.isRetryable)
        #expect(error.retryAfter == .seconds(1))
        #expect(error.message == "Too many requests, please try again later.")
    }

    @Test(
        "knows what may succeed later",
        arguments: [
            (500, "", false), (500, "InternalError", true), (503, "ServiceUnavailable", true), (504, "Timeout", true),
            (409, "Conflict", false), (403, "Forbidden", false),
        ])
    func retryable(_ code: Int, _ reason: String, _ isRetryable: Bool) async throws {
        let error = try await error(code, json: #"{"kind": "Status", "message": "m", "reason": "\#(reason)", "code": \#(code)}"#)
        #expect(error.isRetryable == isRetryable)
    }

    @Test("a namespace that goes is told from other refusals") func terminatingNamespace() async throws {
        let error = try await error(
            403,
            json: #"""
                {"kind": "Status", "message": "m", "reason": "Forbidden", "details": {"name": "late", "kind": "configmaps", "causes": [
                {"reason": "NamespaceTerminating", "message": "namespace life is being terminated", "field": "metadata.namespace"}]}}
                """#)
        #expect(error.isForbidden && error.isNamespaceTerminating)
    }

    @Test("messages are bounded") func bounded() async throws {
        let long = String(repeating: "x", count: 20_000)
        #expect(try await error(500, json: #"{"kind": "Status", "message": "\#(long)"}"#).message.utf8.count < 9_000)
        #expect(try await error(500, text: long).message.utf8.count == 500)
    }
}
