// SPDX-License-Identifier: Apache-2.0

/// Which files of a repository can hold declarations.
enum DeclarationPath {
    /// YAML files below `fleet/`, and `environments/*/environment.yaml`.
    static func isCandidate(_ path: String) -> Bool {
        guard path.hasSuffix(".yaml") || path.hasSuffix(".yml") else { return false }
        if path.hasPrefix("fleet/") { return true }
        let parts = path.split(separator: "/")
        return parts.count == 3 && parts[0] == "environments" && (parts[2] == "environment.yaml" || parts[2] == "environment.yml")
    }

    /// Whether files in or below the folder can be candidates.
    static func canHold(folder: String) -> Bool {
        folder == "fleet" || folder.hasPrefix("fleet/") || folder == "environments"
            || folder.hasPrefix("environments/") && folder.utf8.count { $0 == UInt8(ascii: "/") } == 1
    }

    /// The application whose folder the path is in: `fleet/applications/<name>/…`.
    static func application(of path: String) -> String? {
        let parts = path.split(separator: "/")
        return parts.count >= 4 && parts[0] == "fleet" && parts[1] == "applications" ? String(parts[2]) : nil
    }

    /// Whether the file is one of an application's own, besides its definition.
    static func isInsideApplication(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        guard application(of: path) != nil else { return false }
        return parts.count > 4 || (parts[3] != "application.yaml" && parts[3] != "application.yml")
    }
}
