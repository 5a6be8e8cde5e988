// SPDX-License-Identifier: Apache-2.0

import Manifests

extension ClusterCore {
    func get(_ context: Context, _ name: String) throws(StatusError) -> Reply {
        guard let object = get(context.type, context.namespace, name) else { throw StatusError.notFound(context.type, name) }
        return reply(object, context)
    }

    // MARK: - Lists

    func list(_ context: Context) throws(StatusError) -> Reply {
        let request = context.request
        let labels = try LabelSelector(parsing: request.parameter("labelSelector") ?? "")
        let fields = try FieldSelector(parsing: request.parameter("fieldSelector") ?? "", for: context.type)
        let match = request.parameter("resourceVersionMatch") ?? ""
        let asked = request.parameter("resourceVersion") ?? ""
        if !match.isEmpty, asked.isEmpty {
            throw StatusError.options(
                "ListOptions", .forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        }
        let limit = request.parameter("limit").flatMap { Int($0) } ?? 0
        let namespace = context.type.isNamespaced && !context.namespace.isEmpty ? context.namespace : nil
        var version = store.version
        var start: ObjectName?
        var isInconsistent = false
        if let token = request.parameter("continue"), !token.isEmpty {
            let position = try ContinueToken(token)
            isInconsistent = position.version == ContinueToken.present
            version = isInconsistent ? store.version : position.version
            start = position.after
        } else if !asked.isEmpty, asked != "0" {
            let wanted = try Self.version(asked)
            if wanted > store.version {
                throw StatusError(
                    code: 504, reason: "Timeout", message: "Timeout: Too large resource version: \(wanted), current: \(store.version)",
                    details: ["causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]]], retryAfter: 1)
            }
            if match == "Exact" || limit > 0 && match != "NotOlderThan" { version = wanted }
        }
        guard let all = store.list(context.type.key, namespace: namespace, at: version) else {
            if let start {
                var gone = StatusError.gone(
                    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
                )
                gone.continuation = ContinueToken(version: ContinueToken.present, after: start).text
                throw gone
            }
            throw StatusError.gone("The resourceVersion for the provided list is too old.")
        }
        var items = all.filter { labels.matches($0.labels) && fields.matches($0) }
        if let start { items = items.filter { ObjectName(namespace: $0.namespace, name: $0.name) > start } }
        var metadata: Map = ["resourceVersion": .string(String(version))]
        if context.type.isCustom, case .plain = Presentation(accept: request.header("accept")) { metadata["continue"] = "" }
        // What goes on at the present comes from storage, which knows only that there is more, not whether it is selected.
        let hasUnseen =
            isInconsistent && items.count == limit
            && all.contains { object in
                items.last.map {
                    ObjectName(namespace: object.namespace, name: object.name) > ObjectName(namespace: $0.namespace, name: $0.name)
                }
                    ?? false
            }
        if limit > 0, items.count > limit || hasUnseen {
            let left = items.count - limit
            items = Array(items.prefix(limit))
            if let last = items.last {
                metadata["continue"] = .string(
                    ContinueToken(version: version, after: ObjectName(namespace: last.namespace, name: last.name)).text)
            }
            if labels.isEmpty, fields.terms.isEmpty { metadata["remainingItemCount"] = .int(Int64(left)) }
        }
        let isOld = context.type.group.isEmpty && context.type.kind == "Endpoints"
        return .object(
            listValue(context, items, .map(metadata)),
            warnings: isOld ? ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"] : [])
    }

    func listValue(_ context: Context, _ items: [Value], _ metadata: Value) -> Value {
        let type = context.type
        let shown = items.map { converted($0, to: type) }
        switch Presentation(accept: context.request.header("accept")) {
        case .metadata:
            return [
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "items": .list(shown.map(PartialObject.value)),
            ]
        case .table:
            return Table.value(
                type: type, objects: shown, includes: TableObject(context.request.parameter("includeObject")), metadata: metadata, now: now)
        case .plain:
            let bare = type.isCustom ? shown : shown.map(Self.withoutType)
            return ["kind": .string(type.listKind), "apiVersion": .string(type.apiVersion), "metadata": metadata, "items": .list(bare)]
        }
    }

    /// Items of a built-in list carry neither kind nor version.
    private static func withoutType(_ object: Value) -> Value {
        guard case .map(var map) = object else { return object }
        map["kind"] = nil
        map["apiVersion"] = nil
        return .map(map)
    }

    static func version(_ text: String) throws(StatusError) -> Int64 {
        guard let number = UInt64(text), number < UInt64(Int64.max) else {
            throw StatusError.internalError(
                "resourceVersion: Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax")
        }
        return Int64(number)
    }

    // MARK: - Watches

    func watch(_ context: Context) throws(StatusError) -> Reply {
        let request = context.request
        let labels = try LabelSelector(parsing: request.parameter("labelSelector") ?? "")
        var fields = try FieldSelector(parsing: request.parameter("fieldSelector") ?? "", for: context.type)
        if let name = context.name { fields.terms.append((["metadata", "name"], name, true)) }
        let asked = request.parameter("resourceVersion") ?? ""
        let wantsInitial = request.flag("sendInitialEvents")
        if request.parameter("sendInitialEvents") != nil, request.parameter("resourceVersionMatch") != "NotOlderThan" {
            throw StatusError.options(
                "ListOptions",
                .forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
        }
        let from = asked.isEmpty ? 0 : try Self.version(asked)
        let namespace = context.type.isNamespaced && !context.namespace.isEmpty ? context.namespace : nil
        let form: Watch.Form =
            switch Presentation(accept: request.header("accept")) {
            case .plain: .objects
            case .metadata: .metadata
            case .table: .table(includesObject: TableObject(request.parameter("includeObject")))
            }
        let (stream, continuation) = AsyncStream<[UInt8]>.makeStream(bufferingPolicy: .bufferingOldest(8_192))
        let id = nextWatch
        nextWatch += 1
        let watch = Watch(
            id: id, type: context.type, namespace: namespace, labels: labels, fields: fields, form: form,
            wantsBookmarks: request.flag("allowWatchBookmarks"), after: max(from, store.version),
            send: { bytes in
                if case .enqueued = continuation.yield(bytes) { true } else { false }
            }, finish: { continuation.finish() })
        if from == 0 || wantsInitial {
            for object in store.list(context.type.key, namespace: namespace) where watch.matches(object) {
                _ = watch.send(watch.line("ADDED", converted(object, to: context.type), now: now))
            }
            if wantsInitial, watch.wantsBookmarks { _ = watch.send(watch.bookmark(store.version, endsInitialEvents: true)) }
        } else {
            guard let events = store.events(after: from) else {
                var bytes = JSON.write([
                    "type": "ERROR", "object": StatusError.gone("too old resource version: \(from) (\(store.compacted))").value,
                ])
                bytes.append(UInt8(ascii: "\n"))
                _ = watch.send(bytes)
                continuation.finish()
                return .watch(stream)
            }
            for event in events {
                guard let (kind, object) = watch.event(event) else { continue }
                _ = watch.send(watch.line(kind, converted(object, to: context.type), now: now))
            }
        }
        watches[id] = watch
        let seconds = request.parameter("timeoutSeconds").flatMap { Int64($0) } ?? 0
        watchDeadlines[id] = now + (seconds > 0 ? .seconds(seconds) : .seconds(1_800 + Int64(random.next() % 1_800)))
        return .watch(stream)
    }
}

/// Where a paged list goes on, opaque to clients.
struct ContinueToken {
    /// The version of a token that goes on with what there is now.
    static let present: Int64 = -1

    let version: Int64
    let after: ObjectName

    init(version: Int64, after: ObjectName) {
        self.version = version
        self.after = after
    }

    var text: String {
        Base64.encode(
            JSON.write(["v": "meta.k8s.io/v1", "rv": .int(version), "ns": .string(after.namespace), "name": .string(after.name)]))
    }

    init(_ text: String) throws(StatusError) {
        guard let bytes = Base64.decode(text) else {
            throw StatusError.badRequest("invalid continue token: continue key is not valid: illegal base64 data at input byte 0")
        }
        guard let value = try? JSON.read(bytes), let version = value["rv"]?.int, let name = value["name"]?.string else {
            let first = bytes.first ?? 0
            let shown = first < 0x80 ? String(UnicodeScalar(first)) : "\\x" + String(first, radix: 16)
            throw StatusError.badRequest(
                "invalid continue token: continue key is not valid: invalid character '\(shown)' looking for beginning of value")
        }
        self.version = version
        after = ObjectName(namespace: value["ns"]?.string ?? "", name: name)
    }
}

/// Base64 (RFC 4648), both alphabets, padding optional when reading.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let one = UInt32(bytes[index]) << 16
            let two = index + 1 < bytes.count ? UInt32(bytes[index + 1]) << 8 : 0
            let three = index + 2 < bytes.count ? UInt32(bytes[index + 2]) : 0
            let group = one | two | three
            result.append(alphabet[Int(group >> 18) & 63])
            result.append(alphabet[Int(group >> 12) & 63])
            result.append(index + 1 < bytes.count ? alphabet[Int(group >> 6) & 63] : UInt8(ascii: "="))
            result.append(index + 2 < bytes.count ? alphabet[Int(group) & 63] : UInt8(ascii: "="))
            index += 3
        }
        return String(decoding: result, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? { if case .success(let bytes) = read(text) { bytes } else { nil } }

    struct BadByte: Error { let position: Int }

    /// Says at which byte the text stops being base64.
    static func read(_ text: String) -> Result<[UInt8], BadByte> {
        var result: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for (position, byte) in text.utf8.enumerated() {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - 71
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte + 4
            case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
            case UInt8(ascii: "="), UInt8(ascii: "\n"), UInt8(ascii: "\r"): continue
            default: return .failure(BadByte(position: position))
            }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        return .success(result)
    }
}
