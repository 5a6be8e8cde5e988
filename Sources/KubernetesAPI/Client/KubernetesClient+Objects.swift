// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
package import Manifests

/// How a write is made.
package struct WriteOptions: Sendable, Hashable {
    package enum FieldValidation: String, Sendable {
        case strict = "Strict"
        case warn = "Warn"
        case ignore = "Ignore"
    }

    /// The name under which the server records who owns a field.
    package var fieldManager: String
    /// Apply only: takes fields over that other managers own with other values.
    package var force: Bool
    /// Checks and answers as if, and changes nothing.
    package var dryRun: Bool
    /// What happens to unknown and duplicate fields. (Apply refuses unknown ones whatever this says.)
    package var fieldValidation: FieldValidation?

    package init(
        fieldManager: String = "flotilla", force: Bool = false, dryRun: Bool = false, fieldValidation: FieldValidation? = nil
    ) {
        self.fieldManager = fieldManager
        self.force = force
        self.dryRun = dryRun
        self.fieldValidation = fieldValidation
    }
}

/// What became of a write.
package struct Written: Sendable {
    /// The object as stored (or, for a dry run, as it would be).
    package var object: Value
    /// Whether the object did not exist before.
    package var created: Bool
    /// What the server warns of, for example that an API version is deprecated.
    package var warnings: [String]
}

/// A change to an existing object.
package enum ObjectPatch: Sendable {
    /// JSON merge patch, RFC 7386.
    case merge(Value)
    /// JSON patch, RFC 6902: a list of operations.
    case json(Value)
    /// Kubernetes' strategic merge patch; built-in kinds only.
    case strategic(Value)
}

extension KubernetesClient {
    /// Reads one object.
    package func get(_ type: ResourceType, namespace: String = "", name: String, metadataOnly: Bool = false) async throws(KubernetesError)
        -> Value
    {
        let path = type.path(namespace: namespace, name: name)
        return try await document(Call(method: "GET", path: path, accept: Self.accept(list: false, metadataOnly))).document
    }

    /// Applies an object by server-side apply, creating it where it does not exist.
    /// - Parameter object: a whole manifest without `managedFields`; its namespace and name say where.
    package func apply(_ object: Value, as type: ResourceType, options: WriteOptions = WriteOptions()) async throws(KubernetesError)
        -> Written
    {
        try await apply(
            json: JSON.write(object), as: type, namespace: object.at("metadata", "namespace")?.string ?? "",
            name: object.at("metadata", "name")?.string ?? "", options: options)
    }

    /// Applies an object that is at hand as JSON.
    package func apply(
        json: [UInt8], as type: ResourceType, namespace: String, name: String, options: WriteOptions = WriteOptions()
    ) async throws(KubernetesError) -> Written {
        var query = Self.query(options)
        if options.force { query.append(("force", "true")) }
        // JSON is YAML; the server knows apply by this type alone (application/apply-patch+json is not served everywhere).
        return try await write(
            Call(
                method: "PATCH", path: type.path(namespace: namespace, name: name), query: query,
                contentType: "application/apply-patch+yaml", body: json, isIdempotent: true))
    }

    /// Creates an object. Fails with `isAlreadyExists` where there is one.
    package func create(_ object: Value, as type: ResourceType, options: WriteOptions = WriteOptions()) async throws(KubernetesError)
        -> Written
    {
        try await write(
            Call(
                method: "POST", path: type.path(namespace: object.at("metadata", "namespace")?.string ?? ""), query: Self.query(options),
                contentType: "application/json", body: JSON.write(object)))
    }

    /// Replaces an object. With a `resourceVersion` in it, fails with `isConflict` if it has changed since.
    package func replace(
        _ object: Value, as type: ResourceType, subresource: String? = nil, options: WriteOptions = WriteOptions()
    ) async throws(KubernetesError) -> Written {
        let path = type.path(
            namespace: object.at("metadata", "namespace")?.string ?? "", name: object.at("metadata", "name")?.string ?? "",
            subresource: subresource)
        return try await write(
            Call(method: "PUT", path: path, query: Self.query(options), contentType: "application/json", body: JSON.write(object)))
    }

    /// Changes parts of an existing object.
    package func patch(
        _ type: ResourceType, namespace: String = "", name: String, subresource: String? = nil, _ patch: ObjectPatch,
        options: WriteOptions = WriteOptions()
    ) async throws(KubernetesError) -> Written {
        let (contentType, body, isIdempotent) =
            switch patch {
            case .merge(let value): ("application/merge-patch+json", value, true)
            case .json(let value): ("application/json-patch+json", value, false)
            case .strategic(let value): ("application/strategic-merge-patch+json", value, false)
            }
        return try await write(
            Call(
                method: "PATCH", path: type.path(namespace: namespace, name: name, subresource: subresource), query: Self.query(options),
                contentType: contentType, body: JSON.write(body), isIdempotent: isIdempotent))
    }

    private func write(_ call: Call) async throws(KubernetesError) -> Written {
        let (object, response) = try await document(call)
        return Written(object: object, created: response.status == 201, warnings: Warnings.texts(response.headers).map(options.redact))
    }

    static func query(_ options: WriteOptions) -> [(name: String, value: String)] {
        var query: [(name: String, value: String)] = [("fieldManager", options.fieldManager)]
        if options.dryRun { query.append(("dryRun", "All")) }
        if let validation = options.fieldValidation { query.append(("fieldValidation", validation.rawValue)) }
        return query
    }

    static func accept(list: Bool, _ metadataOnly: Bool) -> String {
        metadataOnly
            ? "application/json;as=PartialObjectMetadata\(list ? "List" : "");g=meta.k8s.io;v=v1,application/json" : "application/json"
    }
}
