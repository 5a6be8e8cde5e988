// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Foundation's readers of JSON, to compare with.
enum FoundationPeer {
    static func decodeTyped(_ bytes: [UInt8]) throws { _ = try JSONDecoder().decode(ObjectList.self, from: Data(bytes)) }

    static func readTree(_ bytes: [UInt8]) throws { _ = try JSONSerialization.jsonObject(with: Data(bytes)) }
}

/// The generated manifests as types: every field of them.
private struct ObjectList: Decodable {
    var items: [Object]

    struct Object: Decodable {
        var apiVersion: String
        var kind: String
        var metadata: Metadata
        var data: [String: String]?
        var spec: Spec?
    }

    struct Metadata: Decodable {
        var name: String?
        var namespace: String?
        var labels: [String: String]?
        var annotations: [String: String]?
    }

    struct Spec: Decodable {
        var replicas: Int?
        var selector: Selector?
        var template: Template?
        var ports: [Port]?
    }

    /// A Deployment's selector has `matchLabels`, a Service's is the labels themselves.
    struct Selector: Decodable {
        var labels: [String: String]

        private enum Keys: String, CodingKey { case matchLabels }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            if let labels = try container.decodeIfPresent([String: String].self, forKey: .matchLabels) {
                self.labels = labels
            } else {
                labels = try decoder.singleValueContainer().decode([String: String].self)
            }
        }
    }

    struct Template: Decodable {
        var metadata: Metadata
        var spec: PodSpec
    }

    struct PodSpec: Decodable {
        var securityContext: SecurityContext
        var containers: [Container]
    }

    struct SecurityContext: Decodable {
        var runAsNonRoot: Bool
        var runAsUser: Int
    }

    struct Container: Decodable {
        var name: String
        var image: String
        var args: [String]
        var ports: [Port]
        var env: [Variable]
        var readinessProbe: Probe
        var resources: Resources
    }

    struct Port: Decodable {
        var name: String
        var port: Int?
        var targetPort: String?
        var containerPort: Int?
        var `protocol`: String?
    }

    struct Variable: Decodable {
        var name: String
        var value: String
    }

    struct Probe: Decodable {
        var httpGet: Get
        var periodSeconds: Int

        struct Get: Decodable {
            var path: String
            var port: String
        }
    }

    struct Resources: Decodable {
        var requests: [String: String]
        var limits: [String: String]
    }
}
