// SPDX-License-Identifier: Apache-2.0

import Manifests

/// Reads the reviews that `kubectl auth can-i` sends in protocol buffers whatever the server offers; other kinds are refused in that form.
enum ReviewMessage {
    static let mediaType = "application/vnd.kubernetes.protobuf"

    /// The review in a body that begins with the mark of Kubernetes' messages; `nil` for anything else.
    static func read(_ bytes: [UInt8], _ type: ResourceType) -> Value? {
        guard bytes.starts(with: [0x6b, 0x38, 0x73, 0x00]), let envelope = fields(bytes[4...]), let raw = envelope[2],
            let review = fields(raw)
        else { return nil }
        let specification = review[2] ?? []
        let spec: Value
        switch type.kind {
        case "SelfSubjectAccessReview":
            guard let parts = fields(specification) else { return nil }
            var map = Map()
            if let inner = parts[1] {
                let names = ["namespace", "verb", "group", "version", "resource", "subresource", "name"]
                guard let attributes = texts(inner, names) else { return nil }
                map["resourceAttributes"] = attributes
            }
            if let inner = parts[2] {
                guard let attributes = texts(inner, ["path", "verb"]) else { return nil }
                map["nonResourceAttributes"] = attributes
            }
            spec = .map(map)
        case "SelfSubjectRulesReview":
            guard let given = texts(specification, ["namespace"]) else { return nil }
            spec = given
        case "SelfSubjectReview": spec = [:]
        default: return nil
        }
        return ["kind": .string(type.kind), "apiVersion": .string(type.apiVersion), "spec": spec]
    }

    /// The texts of a message whose fields count from 1 in the order of the names; empty ones are left out.
    private static func texts(_ bytes: ArraySlice<UInt8>, _ names: [String]) -> Value? {
        guard let fields = fields(bytes) else { return nil }
        var map = Map()
        for (index, name) in names.enumerated() {
            guard let bytes = fields[index + 1], !bytes.isEmpty else { continue }
            map[name] = .string(String(decoding: bytes, as: UTF8.self))
        }
        return .map(map)
    }

    /// The length-delimited fields of a message by number, the last of each; `nil` where it is cut short.
    private static func fields(_ bytes: ArraySlice<UInt8>) -> [Int: ArraySlice<UInt8>]? {
        var rest = bytes
        var result: [Int: ArraySlice<UInt8>] = [:]
        while !rest.isEmpty {
            guard let tag = number(&rest) else { return nil }
            switch tag & 7 {
            case 0: guard number(&rest) != nil else { return nil }
            case 1:
                guard rest.count >= 8 else { return nil }
                rest = rest.dropFirst(8)
            case 2:
                guard let length = number(&rest), length <= UInt64(rest.count) else { return nil }
                result[Int(clamping: tag >> 3)] = rest.prefix(Int(length))
                rest = rest.dropFirst(Int(length))
            case 5:
                guard rest.count >= 4 else { return nil }
                rest = rest.dropFirst(4)
            default: return nil
            }
        }
        return result
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            result |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return result }
        }
        return nil
    }
}
