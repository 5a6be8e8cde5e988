// SPDX-License-Identifier: Apache-2.0

/// Functions on paths and URLs.
enum PathFunctions {
    static let functions: [Function] =
        [
            Function("urlParse", [.string], .one { _, text throws(TemplateFailure) in .map(try URLText.parse(text.text).dictionary) }),
            Function(
                "urlJoin", [.map], .one { _, map throws(TemplateFailure) in .string(try URLText(map.dictionary ?? Dictionary()).joined) }),
        ]
        + ["base", "osBase"].map { Function($0, [.string], .one { _, path in .string(base(path.text)) }) }
        + ["dir", "osDir"].map { Function($0, [.string], .one { _, path in .string(folder(path.text)) }) }
        + ["clean", "osClean"].map { Function($0, [.string], .one { _, path in .string(clean(path.text)) }) }
        + ["ext", "osExt"].map { Function($0, [.string], .one { _, path in .string(suffix(path.text)) }) }
        + ["isAbs", "osIsAbs"].map { Function($0, [.string], .one { _, path in .bool(path.text.utf8.first == UInt8(ascii: "/")) }) }

    static func base(_ path: String) -> String {
        if path.isEmpty { return "." }
        var rest = path[...]
        while rest.hasSuffix("/") { rest.removeLast() }
        if rest.isEmpty { return "/" }
        return String(rest.split(separator: "/", omittingEmptySubsequences: false).last ?? rest)
    }

    private static func folder(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return clean(String(path[...slash]))
    }

    private static func suffix(_ path: String) -> String {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        return name.lastIndex(of: ".").map { String(name[$0...]) } ?? ""
    }

    /// The shortest path to the same place, by its text alone.
    private static func clean(_ path: String) -> String {
        let isRooted = path.hasPrefix("/")
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part != ".." {
                parts.append(part)
            } else if let last = parts.last, last != ".." {
                parts.removeLast()
            } else if !isRooted {
                parts.append(part)
            }
        }
        let joined = parts.joined(separator: "/")
        if isRooted { return "/" + joined }
        return joined.isEmpty ? "." : joined
    }
}
