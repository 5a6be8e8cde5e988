// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests

/// Asks one provider over HTTP: bounded, without following redirects, and without telling anybody what it answered.
struct ProviderTransport: Sendable {
    let http: HTTPClient
    let name: String

    private static let deadline = Duration.seconds(10)

    struct Answer: Sendable {
        var status: Int
        var document: Value
    }

    /// A document that has to be there.
    func get(_ address: String, bearer: String? = nil, max: Int) async throws(ProviderRefusal) -> Value {
        var request = HTTPRequest(url: address, headers: [("Accept", "application/json")], deadline: Self.deadline)
        if let bearer { request.headers.append(("Authorization", "Bearer \(bearer)")) }
        request.responseBytesMax = max
        let answer = try await send(request, max: max)
        guard answer.status == 200 else { throw unexpected(request, answer.status) }
        return answer.document
    }

    /// Sends a form; the answer is a document whatever its status.
    func post(
        _ address: WebAddress, _ form: [(name: String, value: String)], headers: [(name: String, value: String)] = [], max: Int = 256 << 10
    ) async throws(ProviderRefusal) -> Answer {
        let body = form.map { "\(URLText.encode($0.name))=\(URLText.encode($0.value))" }.joined(separator: "&")
        let request = HTTPRequest(
            method: "POST", url: address.text,
            headers: [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")] + headers,
            body: Array(body.utf8), deadline: Self.deadline, responseBytesMax: max)
        let answer = try await send(request, max: max)
        guard answer.status == 200 || answer.status == 400 || answer.status == 401 || answer.status == 403 else {
            throw unexpected(request, answer.status)
        }
        return answer
    }

    private func send(_ request: HTTPRequest, max: Int) async throws(ProviderRefusal) -> Answer {
        let response: HTTPResponse
        do { response = try await http.send(request) } catch {
            throw ProviderRefusal(.unavailable, "the identity provider '\(name)' cannot be asked: \(error)")
        }
        guard !(300..<400).contains(response.status) else { throw unexpected(request, response.status) }
        let limits = Limits(bytesMax: max, depthMax: 16, aliasesMax: 0, documentsMax: 1)
        guard let document = try? JSON.read(response.body, limits: limits), document.map != nil else {
            guard response.status == 200 else { throw unexpected(request, response.status) }
            throw ProviderRefusal(
                .unavailable, "the identity provider '\(name)' answered \(request.endpoint) with something that is no JSON")
        }
        return Answer(status: response.status, document: document)
    }

    private func unexpected(_ request: HTTPRequest, _ status: Int) -> ProviderRefusal {
        ProviderRefusal(
            .unavailable, "the identity provider '\(name)' answered \(request.endpoint) with status \(status)",
            hint: (300..<400).contains(status) ? "redirects are not followed: 'issuer' has to be the address itself" : nil)
    }
}
