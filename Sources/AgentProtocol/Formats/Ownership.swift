// SPDX-License-Identifier: Apache-2.0
import Manifests

/// The labels and names by which Flotilla's objects are known in a cluster.
package enum Ownership {
    package static let fieldManager = "flotilla"
    /// The application that an object belongs to.
    package static let applicationLabel = "flotilla.dev/application"
    /// KEP-3659: the ApplySet that an object is a member of.
    package static let partOfLabel = "applyset.kubernetes.io/part-of"
    /// KEP-3659: on the parent, its ApplySet's identifier.
    package static let applySetIDLabel = "applyset.kubernetes.io/id"
    package static let toolingAnnotation = "applyset.kubernetes.io/tooling"
    package static let groupKindsAnnotation = "applyset.kubernetes.io/contains-group-kinds"
    package static let additionalNamespacesAnnotation = "applyset.kubernetes.io/additional-namespaces"
    package static let agentNamespace = "flotilla-system"
    /// The agent's Deployment, its ServiceAccount, and the roles and bindings that it has by them.
    package static let agentName = "flotilla-agent"
    /// The agent's container in its pod.
    package static let agentContainer = "agent"
    package static let pruneAnnotation = "flotilla.dev/prune"

    /// The name of the parent Secret of an application's ApplySet, in the agent's namespace.
    package static func parentName(application: String) -> String { "flotilla-\(application)" }

    /// KEP-3659: `applyset-<base64url(sha256(<name>.<namespace>.<kind>.<group>))>-v1`, base64 without padding.
    package static func applySetID(application: String, namespace: String = agentNamespace) -> String {
        let parent = "\(parentName(application: application)).\(namespace).Secret."
        return "applyset-\(base64URL(Digest.sha256(Array(parent.utf8)).bytes))-v1"
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let chunk = bytes[index..<min(index + 3, bytes.count)]
            var word: UInt32 = 0
            for position in 0..<3 {
                word = word << 8 | (position < chunk.count ? UInt32(chunk[chunk.startIndex + position]) : 0)
            }
            for position in 0...chunk.count { out.append(alphabet[Int(word >> (18 - 6 * UInt32(position))) & 63]) }
            index += 3
        }
        return String(decoding: out, as: UTF8.self)
    }
}
