// SPDX-License-Identifier: Apache-2.0
import HTTPTransport

/// Which lines of a container's log are meant.
package struct LogSelection: Sendable, Hashable {
    /// Empty where the pod has only one.
    package var container: String
    package var tailLines: Int
    /// Only those of so many last seconds.
    package var sinceSeconds: Int64?
    /// Of the container's run before this one.
    package var previous: Bool

    package init(container: String = "", tailLines: Int, sinceSeconds: Int64? = nil, previous: Bool = false) {
        self.container = container
        self.tailLines = tailLines
        self.sinceSeconds = sinceSeconds
        self.previous = previous
    }
}

extension KubernetesClient {
    /// The last lines of a container's log, fewer where so many would be more than fits the memory that one object may take.
    package func log(namespace: String, pod: String, _ selection: LogSelection) async throws(KubernetesError) -> [UInt8] {
        var lines = selection.tailLines
        while true {
            var call = Call(method: "GET", path: ResourceType.pods.path(namespace: namespace, name: pod, subresource: "log"))
            call.accept = "application/json, */*"
            call.query.append(("tailLines", "\(lines)"))
            if !selection.container.isEmpty { call.query.append(("container", selection.container)) }
            if let seconds = selection.sinceSeconds { call.query.append(("sinceSeconds", "\(seconds)")) }
            if selection.previous { call.query.append(("previous", "true")) }
            do { return try await send(call).body } catch {
                guard error.transport?.kind == .tooLarge, lines > 8 else { throw error }
                lines /= 8
            }
        }
    }
}
