// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// Who wrote or committed something, and when.
package struct CommitPerson: Sendable, Hashable, CustomStringConvertible {
    package var name: String
    package var email: String
    /// To the second.
    package var when: Timestamp
    /// Minutes east of Greenwich, for display only.
    package var offsetMinutes: Int

    package init(name: String, email: String, when: Timestamp, offsetMinutes: Int = 0) {
        self.name = name
        self.email = email
        self.when = when
        self.offsetMinutes = offsetMinutes
    }

    package var description: String { "\(name) <\(email)>" }
}

/// A commit as stored, parsed from its exact bytes.
package struct CommitInfo: Sendable, Hashable {
    package let id: ObjectID
    package let tree: ObjectID
    package let parents: [ObjectID]
    package let author: CommitPerson
    package let committer: CommitPerson
    /// The whole message; bytes that are not UTF-8 are replaced.
    package let message: String
    /// The armored signature of the header `gpgsig`, SSH or PGP.
    package let signature: String?
    /// The commit's exact bytes, without Git's object header.
    package let raw: [UInt8]
    /// What the signature covers: `raw` without the signature's own header.
    package let signedBytes: [UInt8]

    /// The first line of the message.
    package var title: String { String(message.prefix { $0 != "\n" && $0 != "\r\n" }) }

    /// The `Key: value` lines of the message's last paragraph, in order.
    package var trailers: [Trailer] { Trailer.parse(message) }

    /// The value of the first trailer with this key, compared without case.
    package func trailer(_ key: String) -> String? { trailers.first { $0.key.lowercased() == key.lowercased() }?.value }

    /// Parses a commit's bytes. Throws `GitError.corrupt` naming what is missing.
    package init(id: ObjectID, raw: [UInt8]) throws(GitError) {
        func damaged(_ reason: String) -> GitError { .corrupt(what: "commit \(id)", reason: reason) }
        var tree: ObjectID?
        var parents: [ObjectID] = []
        var author: CommitPerson?
        var committer: CommitPerson?
        var signature: [UInt8]?
        var signed: [UInt8] = []
        signed.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count, raw[index] != UInt8(ascii: "\n") {
            // A header runs on over lines that begin with a space.
            var end = Self.endOfLine(raw, from: index)
            while end < raw.count, raw[end] == UInt8(ascii: " ") { end = Self.endOfLine(raw, from: end) }
            let header = raw[index..<end]
            let key = String(decoding: header.prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            let value = header.dropFirst(key.utf8.count + 1).dropLast(header.last == UInt8(ascii: "\n") ? 1 : 0)
            switch key {
            case "tree": tree = ObjectID(hex: String(decoding: value, as: UTF8.self))
            case "parent":
                guard let parent = ObjectID(hex: String(decoding: value, as: UTF8.self)) else { throw damaged("a parent is no id") }
                parents.append(parent)
            case "author": author = CommitPerson(header: Array(value))
            case "committer": committer = CommitPerson(header: Array(value))
            case "gpgsig" where signature == nil: signature = Self.unfolded(value)
            default: break
            }
            // Git leaves both kinds of signature headers out of what is signed.
            if key != "gpgsig" && key != "gpgsig-sha256" { signed += header }
            index = end
        }
        guard let tree else { throw damaged("it has no tree") }
        guard let author else { throw damaged("it has no author") }
        guard let committer else { throw damaged("it has no committer") }
        self.id = id
        self.tree = tree
        self.parents = parents
        self.author = author
        self.committer = committer
        self.signature = signature.map { String(decoding: $0, as: UTF8.self) }
        self.raw = raw
        message = String(decoding: raw[min(index + 1, raw.count)...], as: UTF8.self)
        signed += raw[index...]
        signedBytes = signed
    }

    /// The index after the line that contains `start`.
    private static func endOfLine(_ raw: [UInt8], from start: Int) -> Int {
        guard let newline = raw[start...].firstIndex(of: UInt8(ascii: "\n")) else { return raw.count }
        return newline + 1
    }

    /// A header's value without the space that begins each further line.
    private static func unfolded(_ value: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var previous: UInt8 = 0
        for byte in value {
            if !(byte == UInt8(ascii: " ") && previous == UInt8(ascii: "\n")) { result.append(byte) }
            previous = byte
        }
        return result
    }
}

extension CommitPerson {
    /// Reads `Name <email> seconds +hhmm`; a damaged time counts as the epoch, as Git does.
    init?(header: [UInt8]) {
        guard let close = header.lastIndex(of: UInt8(ascii: ">")),
            let open = header[..<close].firstIndex(of: UInt8(ascii: "<"))
        else { return nil }
        let nameBytes = header[..<open].last == UInt8(ascii: " ") ? header[..<open].dropLast() : header[..<open]
        name = String(decoding: nameBytes, as: UTF8.self)
        email = String(decoding: header[(open + 1)..<close], as: UTF8.self)
        let rest = String(decoding: header[(close + 1)...], as: UTF8.self).split(separator: " ")
        let limit = Int64.max / 1_000
        when = Timestamp(seconds: max(-limit, min(limit, rest.first.flatMap { Int64($0) } ?? 0)))
        let zone = rest.count > 1 ? Int(rest[1]) ?? 0 : 0
        offsetMinutes = zone / 100 * 60 + zone % 100
    }

    /// `Name <email> seconds +hhmm`, with the characters left out that Git leaves out.
    func headerValue() throws(GitError) -> String {
        let cleanName = Self.clean(name)
        guard !cleanName.isEmpty else { throw .invalid(what: "commit", reason: "the person's name is empty") }
        let minutes = abs(offsetMinutes) % 6_000
        let zone = (minutes / 60) * 100 + minutes % 60
        let padded = String(repeating: "0", count: max(0, 4 - String(zone).count)) + String(zone)
        return "\(cleanName) <\(Self.clean(email))> \(when.seconds) \(offsetMinutes < 0 ? "-" : "+")\(padded)"
    }

    // git/ident.c: "crud" at the ends, and `<`, `>`, line feed anywhere.
    private static func clean(_ text: String) -> String {
        let crud = Set(".,:;<>\"\\'".utf8)
        func isCrud(_ byte: UInt8) -> Bool { byte <= 32 || crud.contains(byte) }
        var bytes = Array(text.utf8)[...]
        while let first = bytes.first, isCrud(first) { bytes.removeFirst() }
        while let last = bytes.last, isCrud(last) { bytes.removeLast() }
        let forbidden: Set<UInt8> = [0, 10, 60, 62]
        return String(decoding: bytes.filter { !forbidden.contains($0) }, as: UTF8.self)
    }
}
