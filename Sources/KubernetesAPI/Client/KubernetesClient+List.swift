// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
package import Manifests

/// Which objects of a kind are meant.
package struct Selection: Sendable, Hashable {
    /// Empty for all namespaces.
    package var namespace: String
    package var labelSelector: String
    package var fieldSelector: String
    /// Asks for `apiVersion`, `kind` and `metadata` only: `PartialObjectMetadata`.
    package var metadataOnly: Bool

    package init(namespace: String = "", labelSelector: String = "", fieldSelector: String = "", metadataOnly: Bool = false) {
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.metadataOnly = metadataOnly
    }

    var query: [(name: String, value: String)] {
        var query: [(name: String, value: String)] = []
        if !labelSelector.isEmpty { query.append(("labelSelector", labelSelector)) }
        if !fieldSelector.isEmpty { query.append(("fieldSelector", fieldSelector)) }
        return query
    }
}

extension KubernetesClient {
    /// Lists objects, page by page, and hands them over one at a time as they arrive; only one is in memory.
    ///
    /// Items carry `apiVersion` and `kind`, which API servers leave out of lists.
    /// - Returns: the list's resource version, from which a watch goes on.
    /// - Throws: `isExpired` when the list took so long that it cannot be finished: begin again.
    package func list(_ type: ResourceType, _ selection: Selection = Selection(), each: (Value) -> Void) async throws(KubernetesError)
        -> String
    {
        var token: String?
        while true {
            let page = try await page(type, selection, continuing: token, each)
            guard let next = page.continueToken, !next.isEmpty else { return page.resourceVersion }
            token = next
        }
    }

    private func page(
        _ type: ResourceType, _ selection: Selection, continuing token: String?, _ each: (Value) -> Void
    ) async throws(KubernetesError) -> (resourceVersion: String, continueToken: String?) {
        var call = Call(method: "GET", path: type.path(namespace: selection.namespace), query: selection.query)
        call.accept = Self.accept(list: true, selection.metadataOnly)
        call.query.append(("limit", "\(options.listPageSize)"))
        if let token { call.query.append(("continue", token)) }

        var metadata = Value.null
        var scanner = ListScanner(pieceBytesMax: options.objectBytesMax)
        let body = try await stream(call, idleTimeout: options.requestTimeout, receiveBufferBytes: nil)
        do {
            for try await chunk in body {
                try scanner.scan(chunk) { piece in
                    switch piece {
                    case .metadata(let bytes): metadata = try JSON.read(bytes)
                    case .item(let bytes):
                        var item = try JSON.read(bytes)
                        if item["apiVersion"] == nil { item["apiVersion"] = .string(type.apiVersion) }
                        if item["kind"] == nil { item["kind"] = .string(type.kind) }
                        each(item)
                    }
                }
            }
        } catch let error as HTTPError {
            throw KubernetesError(error, operation: call.operation)
        } catch ListScanner.Failure.pieceTooLarge {
            throw .malformed(call.operation, "an object in the list is larger than \(options.objectBytesMax) bytes", retryable: false)
        } catch {
            throw .malformed(call.operation, "the answer is no list: \((error as? DocumentError)?.message ?? "\(error)")", retryable: true)
        }
        guard scanner.isComplete, let version = metadata["resourceVersion"]?.string else {
            throw .malformed(call.operation, "the list ended too early", retryable: true)
        }
        return (version, metadata["continue"]?.string)
    }
}

extension KubernetesError {
    static func malformed(_ operation: String, _ message: String, retryable: Bool) -> KubernetesError {
        KubernetesError(
            operation: operation, code: 0, message: message,
            transport: HTTPError(kind: .protocolError, message: message, isRetryable: retryable))
    }
}
