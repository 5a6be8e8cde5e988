// SPDX-License-Identifier: Apache-2.0

/// A place in a kustomization where an image gets its tag: `- name: IMAGE` with `newTag: TAG` below it.
struct ImageTag: Sendable, Equatable {
    /// The file, from the repository's root.
    var path: String
    var image: String
    var tag: String
    /// The line of `newTag`, counted from 0.
    var line: Int

    static func find(in text: String, path: String) -> [ImageTag] {
        var found: [ImageTag] = []
        var image: String?
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let name = scalar(line, after: "- name:") {
                image = name
            } else if let tag = scalar(line, after: "newTag:"), let name = image {
                found.append(ImageTag(path: path, image: name, tag: tag, line: number))
                image = nil
            } else if !line.hasPrefix(" "), !line.isEmpty {
                image = nil
            }
        }
        return found
    }

    /// The text with another tag; everything else, comments too, stays as it is.
    func replacing(in text: String, by tag: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.indices.contains(line), let colon = lines[line].firstIndex(of: ":") else { return text }
        lines[line] = "\(lines[line][...colon]) \"\(tag)\""
        return lines.joined(separator: "\n")
    }

    /// The version after this one: the last number of it raised by one, and what else made it special left out.
    var nextVersion: String { Self.next(tag) }

    static func next(_ tag: String) -> String {
        let version = tag.prefix { $0.isNumber || $0 == "." }
        var parts = version.split(separator: ".").map(String.init)
        guard let last = parts.popLast(), let number = Int(last) else { return "1.0.1" }
        return (parts + ["\(number + 1)"]).joined(separator: ".")
    }

    private static func scalar(_ line: Substring, after key: String) -> String? {
        let trimmed = line.drop { $0 == " " }
        guard trimmed.hasPrefix(key) else { return nil }
        let value = trimmed.dropFirst(key.count).split(separator: " #", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        let bare = String(value.filter { $0 != "\"" && $0 != "'" && $0 != " " })
        return bare.isEmpty ? nil : bare
    }
}
