// SPDX-License-Identifier: Apache-2.0
package import HTTPTransport
import Manifests

/// Talks to one cluster's API server.
///
/// Requests run as many at a time as callers make; nothing is retried here, errors say whether and when to. No object is kept.
package final class KubernetesClient: Sendable {
    package struct Options: Sendable {
        package var userAgent: String
        /// The longest one request may take; streams (lists and watches) only until they begin.
        package var requestTimeout: Duration
        package var connectTimeout: Duration
        /// How many objects a list asks for at a time.
        package var listPageSize: Int
        /// The largest object, event or other answer that is accepted. The API server itself stores objects of up to 1.5 MiB.
        package var objectBytesMax: Int
        /// The largest discovery document that is accepted.
        package var discoveryBytesMax: Int
        package var httpVersion: HTTPClient.Version
        /// How long a connection is kept that no request uses; those older are closed when the next request is sent.
        package var idleConnectionsFor: Duration
        /// What texts of the server go through before anybody sees them, messages of errors and warnings; not the objects themselves.
        package var redact: @Sendable (String) -> String

        package init(
            userAgent: String = "flotilla", requestTimeout: Duration = .seconds(30), connectTimeout: Duration = .seconds(10),
            listPageSize: Int = 250, objectBytesMax: Int = 4 << 20, discoveryBytesMax: Int = 16 << 20,
            httpVersion: HTTPClient.Version = .http2, idleConnectionsFor: Duration = .seconds(118),
            redact: @escaping @Sendable (String) -> String = { $0 }
        ) {
            self.userAgent = userAgent
            self.requestTimeout = requestTimeout
            self.connectTimeout = connectTimeout
            self.listPageSize = listPageSize
            self.objectBytesMax = objectBytesMax
            self.discoveryBytesMax = discoveryBytesMax
            self.httpVersion = httpVersion
            self.idleConnectionsFor = idleConnectionsFor
            self.redact = redact
        }
    }

    /// The API's URL, without credentials.
    package var server: String { HTTPRequest.endpoint(of: address) }
    package let options: Options
    private let address: String
    private let transport: Transport
    private let token: TokenSource
    private let impersonation: Impersonation?
    /// Whether anything may be changed now; asked at each request that could.
    private let permit: (@Sendable () -> Bool)?

    /// - Parameter sharingThreadOf: a client whose thread this one uses too, instead of one of its own.
    package init(connection: ClusterConnection, options: Options = Options(), sharingThreadOf other: HTTPClient? = nil) {
        self.options = options
        address = connection.server
        token = TokenSource(connection.credential)
        impersonation = connection.impersonation
        permit = nil
        let configuration = HTTPClient.Configuration(
            connectionsPerHostMax: 0, userAgent: options.userAgent, trust: connection.trust, httpVersion: options.httpVersion,
            receiveBufferBytes: 16_384, idleConnectionsFor: options.idleConnectionsFor)
        transport = Transport(connection, configuration, sharingThreadOf: other)
    }

    private init(_ other: KubernetesClient, impersonating: Impersonation?, permit: (@Sendable () -> Bool)?) {
        self.permit = permit
        options = other.options
        address = other.address
        token = other.token
        transport = other.transport
        impersonation = impersonating
    }

    /// The same connections, under another identity.
    package func impersonating(_ identity: Impersonation) -> KubernetesClient {
        KubernetesClient(self, impersonating: identity, permit: permit)
    }

    /// The same connections, for one who may change things only at times: requests that are no reads are not sent while `permit` says no.
    package func permitting(_ permit: @escaping @Sendable () -> Bool) -> KubernetesClient {
        KubernetesClient(self, impersonating: impersonation, permit: permit)
    }

    /// Ends all requests and closes all connections, also of clients that share them.
    package func shutdown() async {
        await transport.shutdown()
    }

    // MARK: Requests

    /// Sends a call and returns its successful answer.
    func send(_ call: Call, bytesMax: Int? = nil) async throws(KubernetesError) -> HTTPResponse {
        var request = try self.request(call)
        request.responseBytesMax = bytesMax ?? options.objectBytesMax
        let response: HTTPResponse
        do { response = try await transport.current.http.send(request) } catch { throw KubernetesError(error, operation: call.operation) }
        guard (200..<300).contains(response.status) else {
            throw KubernetesError(
                operation: call.operation, status: response.status, headers: response.headers, body: response.body, redact: options.redact)
        }
        return response
    }

    /// Sends a call whose successful answer is a document.
    func document(_ call: Call, bytesMax: Int? = nil) async throws(KubernetesError) -> (document: Value, response: HTTPResponse) {
        var response = try await send(call, bytesMax: bytesMax)
        let document = try Self.decode(response.body, of: call)
        response.body = []
        return (document, response)
    }

    /// Sends a call and returns as soon as its successful answer begins.
    /// - Parameter idleTimeout: the longest that nothing may arrive.
    func stream(_ call: Call, idleTimeout: Duration, receiveBufferBytes: Int?) async throws(KubernetesError) -> HTTPBody {
        var request = try self.request(call)
        request.idleTimeout = idleTimeout
        request.receiveBufferBytes = receiveBufferBytes
        do {
            let response = try await transport.current.streams.stream(request)
            guard (200..<300).contains(response.status) else {
                let body = try await response.body.collect(upTo: options.objectBytesMax)
                throw KubernetesError(
                    operation: call.operation, status: response.status, headers: response.headers, body: body, redact: options.redact)
            }
            return response.body
        } catch let error as HTTPError {
            throw KubernetesError(error, operation: call.operation)
        } catch let error as KubernetesError {
            throw error
        } catch {
            throw KubernetesError(operation: call.operation, code: 0, message: "\(error)")
        }
    }

    static func decode(_ bytes: [UInt8], of call: Call) throws(KubernetesError) -> Value {
        do { return try JSON.read(bytes) } catch {
            throw KubernetesError(
                operation: call.operation, code: 0, message: "the answer is not the JSON document that it should be: \(error.message)",
                transport: HTTPError(kind: .protocolError, message: "malformed JSON", isRetryable: true))
        }
    }

    private func request(_ call: Call) throws(KubernetesError) -> HTTPRequest {
        if let permit, call.method != "GET", !permit() {
            throw KubernetesError(
                operation: call.operation, code: 0, message: "not sent: the right to act here has ended",
                transport: HTTPError(kind: .cancelled, message: "the right to act has ended", isRetryable: true))
        }
        var headers: [(name: String, value: String)] = [("Accept", call.accept)]
        if let type = call.contentType { headers.append(("Content-Type", type)) }
        do {
            if let token = try token.token() { headers.append(("Authorization", "Bearer \(token)")) }
        } catch {
            throw KubernetesError(operation: call.operation, code: 0, message: error.message)
        }
        if let impersonation {
            headers.append(("Impersonate-User", impersonation.user))
            for group in impersonation.groups { headers.append(("Impersonate-Group", group)) }
            if let uid = impersonation.uid { headers.append(("Impersonate-Uid", uid)) }
        }
        return HTTPRequest(
            method: call.method, url: address + call.target, headers: headers, body: call.body, deadline: options.requestTimeout,
            connectTimeout: options.connectTimeout, acceptGzip: call.method == "GET", isIdempotent: call.isIdempotent)
    }
}
