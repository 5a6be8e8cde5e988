// SPDX-License-Identifier: Apache-2.0

enum Paths {
    /// The path that `relative` means when written in a file in `folder`; `nil` where it leads above the root or is absolute.
    static func join(_ folder: String, _ relative: String) -> String? {
        guard !relative.hasPrefix("/"), !relative.utf8.contains(0) else { return nil }
        var parts = folder.split(separator: "/")
        for part in relative.split(separator: "/") {
            switch part {
            case ".": continue
            case "..":
                guard parts.popLast() != nil else { return nil }
            default: parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }

    /// Whether `path` is `folder` or below it.
    static func isBelow(_ path: String, _ folder: String) -> Bool { folder.isEmpty || path == folder || path.hasPrefix(folder + "/") }

    /// A relative path made shorter without looking at files: `a/../b/./c` is `b/c`; leading `..` stay.
    static func clean(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            if part == "." { continue }
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }

    /// Whether a reference is meant for something outside the tree: a URL, or one of the short forms for a Git host.
    static func isRemote(_ text: String) -> Bool {
        text.contains("://") || text.hasPrefix("git@") || text.hasPrefix("git::") || text.hasPrefix("github.com/")
            || text.hasPrefix("gitlab.com/") || text.hasPrefix("bitbucket.org/") || text.contains("?ref=") || text.contains(".git//")
            || text.contains("?version=")
    }
}
