// SPDX-License-Identifier: Apache-2.0

import Manifests

extension ClusterCore {
    /// Refuses an object that a real API server would not take, in its words.
    func validate(_ object: Value, old: Value?, _ type: ResourceType, _ context: Context) throws(StatusError) {
        var causes: [StatusError.Cause] = []
        MetadataRules.check(object, old: old, type, &causes)
        if type.isCustom {
            if let custom = type.custom { causes += custom.problems(object, old: old) }
        } else if context.subresource != "status" {
            KindRules.check(object, old: old, type, &causes)
        }
        if !causes.isEmpty { throw StatusError.invalid(type, object.name, causes) }
        if type.group == "rbac.authorization.k8s.io" { try checkEscalation(object, old: old, type, context) }
    }
}

/// Names, labels, annotations, finalizers and owners.
enum MetadataRules {
    static let subdomain =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    static let label =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    static let serviceName =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
    static let labelValue =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    static let qualifiedName =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

    static func isLabel(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return !bytes.isEmpty && bytes.count <= 63 && bytes.allSatisfy { isLower($0) || $0 == 45 } && bytes[0] != 45
            && bytes[bytes.count - 1] != 45
    }

    static func isSubdomain(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                let bytes = Array(part.utf8)
                return !bytes.isEmpty && bytes.allSatisfy { isLower($0) || $0 == 45 } && bytes[0] != 45 && bytes[bytes.count - 1] != 45
            }
    }

    private static func isLower(_ byte: UInt8) -> Bool { byte >= 97 && byte <= 122 || byte >= 48 && byte <= 57 }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLower(byte) || byte >= 65 && byte <= 90 }

    static func isLabelValue(_ text: String) -> Bool { text.isEmpty || isNamePart(text) }

    private static func isNamePart(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last) && bytes.allSatisfy { isAlphanumeric($0) || [45, 95, 46].contains($0) }
    }

    static func isQualifiedName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1: return isNamePart(parts[0])
        case 2: return isSubdomain(parts[0]) && isNamePart(parts[1])
        default: return false
        }
    }

    static func check(_ object: Value, old: Value?, _ type: ResourceType, _ causes: inout [StatusError.Cause]) {
        let name = object.name
        if old == nil {
            if name.isEmpty {
                causes.append(.required("metadata.name", "name or generateName is required"))
            } else {
                checkName(name, type, &causes)
            }
        }
        for entry in object.labels {
            if !isQualifiedName(entry.key) { causes.append(.invalid("metadata.labels", .string(entry.key), qualifiedName)) }
            if let value = entry.value.string, !isLabelValue(value) {
                let why = value.utf8.count > 63 ? "must be no more than 63 bytes" : labelValue
                causes.append(.invalid("metadata.labels", .string(value), why))
            }
        }
        var bytes = 0
        for entry in object.annotations {
            bytes += entry.key.utf8.count + (entry.value.string?.utf8.count ?? 0)
            if !isQualifiedName(entry.key.lowercased()) {
                causes.append(.invalid("metadata.annotations", .string(entry.key), qualifiedName))
            }
        }
        if bytes > 262_144 {
            causes.append(
                .init(reason: "FieldValueTooLong", message: "Too long: may not be more than 262144 bytes", field: "metadata.annotations"))
        }
        for finalizer in object.finalizers where !isQualifiedName(finalizer) {
            causes.append(.invalid("metadata.finalizers", .string(finalizer), qualifiedName))
        }
        for (index, owner) in object.ownerReferences.enumerated() {
            for field in ["apiVersion", "kind", "name", "uid"] where (owner[field]?.string ?? "").isEmpty {
                let word = field == "apiVersion" ? "version" : field
                causes.append(.invalid("metadata.ownerReferences[\(index)].\(field)", "", "\(word) must not be empty"))
            }
        }
        if let old, old.isTerminating {
            let added = object.finalizers.filter { !old.finalizers.contains($0) }
            if !added.isEmpty {
                let list = added.map { "\"\($0)\"" }.joined(separator: ", ")
                let cause = StatusError.Cause.forbidden(
                    "metadata.finalizers",
                    "no new finalizers can be added if the object is being deleted, found new finalizers []string{\(list)}")
                causes += [cause, cause]
            }
        }
    }

    private static func checkName(_ name: String, _ type: ResourceType, _ causes: inout [StatusError.Cause]) {
        switch (type.group, type.kind) {
        case ("rbac.authorization.k8s.io", _):
            if name == "." || name == ".." || name.contains("/") || name.contains("%") {
                causes.append(.invalid("metadata.name", .string(name), "may not contain '/'"))
            }
        case ("", "Namespace"): if !isLabel(name) { causes.append(.invalid("metadata.name", .string(name), label)) }
        case ("", "Service"):
            if !isLabel(name) || name.first?.isNumber == true { causes.append(.invalid("metadata.name", .string(name), serviceName)) }
        default: if !isSubdomain(name) { causes.append(.invalid("metadata.name", .string(name), subdomain)) }
        }
    }
}
