// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
package import Manifests

/// Something that happened to the watched objects.
package enum WatchEvent: Sendable, Equatable {
    case added(Value)
    case modified(Value)
    /// The object as it was when it went, or when it stopped to match the selection.
    case deleted(Value)
    /// Nothing happened up to this resource version; a later watch may start from it.
    case bookmark(resourceVersion: String)
}

/// The events of one watch, in order, for one reader. Ends when the server closes the watch, as it does every few minutes.
///
/// Throws `KubernetesError`; `isExpired` means that the watch cannot go on from where it was: list anew.
package struct Watch: AsyncSequence, Sendable {
    package typealias Element = WatchEvent
    package typealias Failure = KubernetesError

    let body: HTTPBody
    let operation: String
    let eventBytesMax: Int

    package func makeAsyncIterator() -> Iterator {
        Iterator(bytes: body.makeAsyncIterator(), lines: LineFramer(lineBytesMax: eventBytesMax), operation: operation)
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate var bytes: HTTPBody.Iterator
        fileprivate var lines: LineFramer
        fileprivate let operation: String

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(KubernetesError) -> WatchEvent? {
            while true {
                let line: [UInt8]?
                do { line = try lines.next() } catch {
                    throw .malformed(operation, "an event is larger than allowed", retryable: false)
                }
                if let line {
                    if let event = try Self.event(line, operation) { return event }
                    continue
                }
                let chunk: [UInt8]?
                do { chunk = try await bytes.next(isolation: actor) } catch { throw KubernetesError(error, operation: operation) }
                guard let chunk else {
                    if lines.hasRest { throw .malformed(operation, "the watch ended within an event", retryable: true) }
                    return nil
                }
                lines.append(chunk)
            }
        }

        /// `nil` for types of events that this version does not know.
        static func event(_ line: [UInt8], _ operation: String) throws(KubernetesError) -> WatchEvent? {
            let document: Value
            do { document = try JSON.read(line) } catch {
                throw .malformed(operation, "an event is not JSON: \(error.message)", retryable: true)
            }
            guard let type = document["type"]?.string, let object = document["object"] else {
                throw .malformed(operation, "an event has no type or no object", retryable: true)
            }
            switch type {
            case "ADDED": return .added(object)
            case "MODIFIED": return .modified(object)
            case "DELETED": return .deleted(object)
            case "BOOKMARK": return object.at("metadata", "resourceVersion")?.string.map { .bookmark(resourceVersion: $0) }
            case "ERROR": throw KubernetesError(operation: operation, status: object)
            default: return nil
            }
        }
    }
}

extension KubernetesClient {
    /// Watches objects from a resource version on, with bookmarks.
    ///
    /// - Parameters:
    ///   - resourceVersion: a list's, an event's or a bookmark's.
    ///   - timeout: how long the server keeps the watch open, in whole seconds. Spread it, so that watches do not all end at once.
    /// - Throws: `isExpired` when the version is too old already; some servers say so in the first event instead.
    package func watch(
        _ type: ResourceType, _ selection: Selection = Selection(), from resourceVersion: String, timeout: Duration = .seconds(300)
    ) async throws(KubernetesError) -> Watch {
        var call = Call(method: "GET", path: type.path(namespace: selection.namespace), query: selection.query)
        call.accept = Self.accept(list: false, selection.metadataOnly)
        call.query += [
            ("watch", "true"), ("resourceVersion", resourceVersion), ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", "\(max(1, timeout.components.seconds))"),
        ]
        // The server ends the watch in time; if it has not by far, it is gone. Small buffer: a watch mostly waits.
        let body = try await stream(call, idleTimeout: timeout + .seconds(30), receiveBufferBytes: 4_096)
        return Watch(body: body, operation: call.operation + " (watch)", eventBytesMax: options.objectBytesMax)
    }
}
