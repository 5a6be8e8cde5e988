// SPDX-License-Identifier: Apache-2.0
import Glibc
import Manifests

/// Reads the file of identity providers, and the files that it names; every call blocks for as long as the disk does.
enum ProviderFile {
    /// What is wrong and where: `providers.yaml:3:5: …`.
    struct Failure: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    static let bytesMax = 256 << 10
    static let secretMax = 4 << 10
    static let authorityMax = 1 << 20
    static let providersMax = 16
    static let listMax = 500
    private static let textMax = 512

    private static let known = [
        "name", "displayName", "issuer", "clientID", "clientSecretFile", "scopes", "claims", "groups", "requiredGroups", "requiredClaims",
        "audiences", "certificateAuthority",
    ]

    static func read(_ path: String) throws(Failure) -> [ProviderSettings] {
        let bytes = try contents(path, max: bytesMax)
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return try parse(bytes, path: path) { (name, max) throws(Failure) in
            try contents(name.hasPrefix("/") ? name : "\(folder)/\(name)", max: max)
        }
    }

    /// - Parameter file: reads a file that a provider names.
    static func parse(
        _ bytes: [UInt8], path: String, file: (_ name: String, _ max: Int) throws(Failure) -> [UInt8]
    ) throws(Failure) -> [ProviderSettings] {
        let document: Value
        do {
            document = try YAML.document(bytes, limits: Limits(bytesMax: bytesMax, depthMax: 16, aliasesMax: 1_000, documentsMax: 1))
        } catch {
            throw Failure(description: "\(path):\(error)")
        }
        do {
            let fields = try Fields(document)
            try refuseUnknown(fields, ["providers"])
            var providers: [ProviderSettings] = []
            let items = try fields.list("providers", limit: providersMax) { (item, place) throws(ShapeError) in (item, place) }
            for (item, place) in items {
                let provider = try provider(Fields(item, at: place), file)
                guard !providers.contains(where: { $0.name == provider.name }) else {
                    throw ShapeError(path: "\(place).name", message: "there are two providers '\(provider.name)'")
                }
                providers.append(provider)
            }
            return providers
        } catch {
            if let failure = error as? Failure { throw failure }
            guard let shape = error as? ShapeError else { throw Failure(description: "\(path): \(error)") }
            throw Failure(description: "\(path)\(place(shape.path, in: bytes)): \(shape)")
        }
    }

    private static func provider(
        _ fields: Fields, _ file: (_ name: String, _ max: Int) throws(Failure) -> [UInt8]
    ) throws -> ProviderSettings {
        try refuseUnknown(fields, known)
        let name = try text(fields, "name")
        guard ProviderSettings.isName(name) else {
            throw fields.failure("name", "a provider's name is 1 to 40 of a-z, 0-9 and '-', and does not begin with '-'")
        }
        let issuerText = try text(fields, "issuer")
        guard let issuer = WebAddress(issuerText), !issuer.hasQuery else {
            throw fields.failure("issuer", "expected an address such as https://id.example.com, without a query")
        }
        guard issuer.isSecure || issuer.isLoopback else {
            throw fields.failure("issuer", "expected https: what it says could be changed on the way")
        }
        var provider = ProviderSettings(
            name: name, displayName: try fields.value("displayName") == nil ? nil : text(fields, "displayName"), issuer: issuer,
            clientID: try text(fields, "clientID"))
        if fields.value("clientSecretFile") != nil {
            let path = try text(fields, "clientSecretFile")
            let secret = String(decoding: try file(path, secretMax), as: UTF8.self).split(whereSeparator: \.isNewline)
            guard secret.count == 1, let line = secret.first, line.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
                throw fields.failure("clientSecretFile", "the file has to hold one line, the client's secret")
            }
            provider.clientSecret = String(line)
        }
        if fields.value("scopes") != nil { provider.scopes = try texts(fields, "scopes") }
        guard provider.scopes.contains("openid") else { throw fields.failure("scopes", "'openid' has to be among them") }
        guard provider.scopes.allSatisfy({ !$0.contains(" ") && !$0.contains("\"") }) else {
            throw fields.failure("scopes", "a scope has no spaces or quotation marks: one scope for each item")
        }
        if let claims = try fields.optionalObject("claims") {
            try refuseUnknown(claims, ["account", "name", "email", "groups"])
            if claims.value("account") != nil { provider.claims.account = try text(claims, "account") }
            if claims.value("name") != nil { provider.claims.name = try text(claims, "name") }
            if claims.value("email") != nil { provider.claims.email = try text(claims, "email") }
            if claims.value("groups") != nil { provider.claims.groups = try text(claims, "groups") }
        }
        if let groups = try fields.optionalObject("groups") {
            guard provider.claims.groups != nil else { throw fields.failure("groups", "needs 'claims.groups': which claim has the groups") }
            provider.groups = try self.groups(groups)
        }
        provider.requiredGroups = try texts(fields, "requiredGroups")
        guard provider.requiredGroups.isEmpty || provider.claims.groups != nil else {
            throw fields.failure("requiredGroups", "needs 'claims.groups': which claim has the groups")
        }
        if let claims = try fields.optionalObject("requiredClaims") {
            for key in claims.map.keys { provider.requiredClaims[key] = try text(claims, key) }
        }
        provider.audiences = try texts(fields, "audiences")
        if fields.value("certificateAuthority") != nil {
            let authority = try file(try text(fields, "certificateAuthority"), authorityMax)
            guard String(decoding: authority, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----") else {
                throw fields.failure("certificateAuthority", "the file holds no certificate in PEM")
            }
            provider.certificateAuthority = authority
        }
        return provider
    }

    private static func groups(_ fields: Fields) throws -> ProviderSettings.Groups {
        try refuseUnknown(fields, ["map", "prefix"])
        var groups = ProviderSettings.Groups()
        if fields.value("prefix") != nil {
            guard fields.value("map") == nil else { throw fields.failure("prefix", "goes with no 'map': the map says the names already") }
            groups.prefix = try text(fields, "prefix")
            guard isGroup(groups.prefix) else { throw fields.failure("prefix", "has no spaces and no commas") }
        }
        guard let map = try fields.optionalObject("map") else { return groups }
        guard map.map.count <= listMax else { throw fields.failure("map", "more than \(listMax) groups") }
        var names: [String: [String]] = [:]
        for key in map.map.keys {
            let own = if case .list = map.value(key) { try texts(map, key) } else { [try text(map, key)] }
            guard !own.isEmpty, own.allSatisfy(isGroup) else {
                throw map.failure(key, "expected the name of a group, or a list of them: no spaces, no commas")
            }
            names[key] = own
        }
        groups.map = names
        return groups
    }

    private static func isGroup(_ text: String) -> Bool { (try? AccountRules.checked(groups: [text])) != nil }

    private static func text(_ fields: Fields, _ key: String) throws(ShapeError) -> String {
        let text = try fields.string(key, bytesMax: textMax)
        guard !text.isEmpty, text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
            throw fields.failure(key, "is empty, or has control characters")
        }
        return text
    }

    private static func texts(_ fields: Fields, _ key: String) throws(ShapeError) -> [String] {
        let texts = try fields.strings(key, limit: listMax)
        guard texts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= textMax }) else {
            throw fields.failure(key, "has an item that is empty, or longer than \(textMax) bytes")
        }
        return texts
    }

    private static func refuseUnknown(_ fields: Fields, _ known: [String]) throws(ShapeError) {
        guard let unknown = fields.map.keys.first(where: { !known.contains($0) }) else { return }
        let hint = unknown == "clientSecret" ? "; a secret belongs in a file of its own: 'clientSecretFile'" : ""
        throw fields.failure(unknown, "is not known here; there are \(known.joined(separator: ", "))\(hint)")
    }

    /// `:line:column` of what a path such as `providers[0].claims.account` names, or of the nearest thing around it that is there.
    private static func place(_ path: String, in bytes: [UInt8]) -> String {
        var steps: [PathStep] = []
        for part in path.split(separator: ".") {
            let pieces = part.split(separator: "[")
            if let name = pieces.first { steps.append(.key(String(name))) }
            for piece in pieces.dropFirst() { if let index = Int(piece.dropLast()) { steps.append(.index(index)) } }
        }
        while true {
            if let mark = YAML.locate(steps, document: 0, in: bytes) { return ":\(mark.line):\(mark.column)" }
            guard steps.popLast() != nil else { return "" }
        }
    }

    private static func contents(_ path: String, max: Int) throws(Failure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(description: "\(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(description: "\(path): \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= max else { throw Failure(description: "\(path): larger than \(max) bytes") }
        }
    }
}
