// SPDX-License-Identifier: Apache-2.0

import Manifests

/// A refusal, in the form of a Kubernetes `Status`.
struct StatusError: Error {
    struct Cause: Sendable, Hashable {
        let reason: String
        let message: String
        let field: String
    }

    var code: Int
    var reason: String
    var message: String
    /// The members of `details`; `nil` leaves it out.
    var details: Map?
    var retryAfter: Int?
    /// Where a list that is too old may go on, at the present version.
    var continuation: String?

    /// The `Status` object.
    var value: Value {
        var map: Map = [
            "kind": "Status", "apiVersion": "v1", "metadata": continuation.map { ["continue": .string($0)] } ?? [:], "status": "Failure",
            "message": .string(message),
        ]
        if !reason.isEmpty { map["reason"] = .string(reason) }
        if let details { map["details"] = .map(details) }
        map["code"] = .int(Int64(code))
        return .map(map)
    }

    static func details(name: String, group: String = "", kind: String, causes: [Cause] = []) -> Map {
        var map = Map()
        if !name.isEmpty { map["name"] = .string(name) }
        if !group.isEmpty { map["group"] = .string(group) }
        map["kind"] = .string(kind)
        if !causes.isEmpty { map["causes"] = list(causes) }
        return map
    }

    static func list(_ causes: [Cause]) -> Value {
        .list(
            causes.map { cause in
                var map = Map()
                if !cause.reason.isEmpty { map["reason"] = .string(cause.reason) }
                map["message"] = .string(cause.message)
                if !cause.field.isEmpty { map["field"] = .string(cause.field) }
                return .map(map)
            })
    }

    static func badRequest(_ message: String) -> StatusError { StatusError(code: 400, reason: "BadRequest", message: message) }

    static func internalError(_ message: String) -> StatusError { StatusError(code: 500, reason: "", message: message) }

    static let noSuchResource = StatusError(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: Map())

    static let methodNotAllowed = StatusError(
        code: 405, reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource", details: Map())

    static func notFound(_ type: ResourceType, _ name: String) -> StatusError {
        StatusError(
            code: 404, reason: "NotFound", message: "\(type.qualified) \"\(name)\" not found",
            details: details(name: name, group: type.group, kind: type.plural))
    }

    static func alreadyExists(_ type: ResourceType, _ name: String) -> StatusError {
        StatusError(
            code: 409, reason: "AlreadyExists", message: "\(type.qualified) \"\(name)\" already exists",
            details: details(name: name, group: type.group, kind: type.plural))
    }

    static func conflict(_ type: ResourceType, _ name: String, _ why: String = modified) -> StatusError {
        StatusError(
            code: 409, reason: "Conflict", message: "Operation cannot be fulfilled on \(type.qualified) \"\(name)\": \(why)",
            details: details(name: name, group: type.group, kind: type.plural))
    }

    static let modified = "the object has been modified; please apply your changes to the latest version and try again"

    static func forbidden(_ type: ResourceType, _ name: String, _ why: String, causes: [Cause] = []) -> StatusError {
        StatusError(
            code: 403, reason: "Forbidden", message: "\(type.qualified)\(name.isEmpty ? "" : " \"\(name)\"") is forbidden: \(why)",
            details: details(name: name, group: type.group, kind: type.plural, causes: causes))
    }

    static func invalid(kind: String, group: String, name: String, _ causes: [Cause]) -> StatusError {
        let qualified = group.isEmpty ? kind : "\(kind).\(group)"
        let texts = causes.map { $0.field.isEmpty ? $0.message : "\($0.field): \($0.message)" }
        var seen: Set<String> = []
        let distinct = texts.filter { seen.insert($0).inserted }
        let joined = distinct.count == 1 ? distinct[0] : "[\(distinct.joined(separator: ", "))]"
        return StatusError(
            code: 422, reason: "Invalid", message: "\(qualified) \"\(name)\" is invalid: \(joined)",
            details: details(name: name, group: group, kind: kind, causes: causes))
    }

    static func invalid(_ type: ResourceType, _ name: String, _ causes: [Cause]) -> StatusError {
        invalid(kind: type.kind, group: type.group, name: name, causes)
    }

    static func options(_ kind: String, _ cause: Cause) -> StatusError {
        invalid(kind: kind, group: "meta.k8s.io", name: "", [cause])
    }

    static func gone(_ message: String, reason: String = "Expired") -> StatusError {
        StatusError(code: 410, reason: reason, message: message)
    }
}

extension StatusError.Cause {
    static func required(_ field: String, _ detail: String = "") -> Self {
        Self(reason: "FieldValueRequired", message: detail.isEmpty ? "Required value" : "Required value: \(detail)", field: field)
    }

    static func invalid(_ field: String, _ value: Value, _ detail: String) -> Self {
        Self(reason: "FieldValueInvalid", message: "Invalid value: \(JSON.text(value)): \(detail)", field: field)
    }

    static func forbidden(_ field: String, _ detail: String) -> Self {
        Self(reason: "FieldValueForbidden", message: "Forbidden: \(detail)", field: field)
    }

    static func unsupported(_ field: String, _ value: Value, _ supported: [String]) -> Self {
        let list = supported.map { "\"\($0)\"" }.joined(separator: ", ")
        return Self(
            reason: "FieldValueNotSupported", message: "Unsupported value: \(JSON.text(value)): supported values: \(list)", field: field)
    }

    static func duplicate(_ field: String, _ value: Value) -> Self {
        Self(reason: "FieldValueDuplicate", message: "Duplicate value: \(JSON.text(value))", field: field)
    }

    static func tooLong(_ field: String, _ bytes: Int) -> Self {
        Self(reason: "FieldValueTooLong", message: "Too long: may not be more than \(bytes) bytes", field: field)
    }
}
