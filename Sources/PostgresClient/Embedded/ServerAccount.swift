// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The user that the server runs as: ourselves, or `postgres` (else `nobody`) when we are root, as which PostgreSQL refuses to run.
struct ServerAccount: Equatable {
    let user: uid_t
    let group: gid_t

    /// `nil` means ourselves.
    static func forServer(folder: String) throws(EmbeddedPostgresError) -> ServerAccount? {
        let owner = Files.status("\(folder)/PG_VERSION").map { (user: $0.st_uid, group: $0.st_gid) }
        guard geteuid() == 0 else {
            if let owner, owner.user != geteuid() { throw .notOwner(folder: folder, owner: owner.user) }
            return nil
        }
        // A folder once made stays with the user it was made for.
        if let owner, owner.user != 0 { return ServerAccount(user: owner.user, group: owner.group) }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) { return ServerAccount(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid) }
        }
        throw .cannotDropPrivileges("there is neither a user 'postgres' nor a user 'nobody'")
    }

    /// Whether this user may pass through every folder above `path`.
    func canReach(_ path: String) -> Bool {
        var above = ""
        for part in path.split(separator: "/").dropLast() {
            above += "/\(part)"
            guard let status = Files.status(above) else { return true }
            let bit: mode_t = status.st_uid == user ? S_IXUSR : status.st_gid == group ? S_IXGRP : S_IXOTH
            if status.st_mode & bit == 0 { return false }
        }
        return true
    }
}

/// The command line that starts a program as the server's user, and lets it end with us.
struct Launch {
    let account: ServerAccount?
    /// A folder that the program must reach.
    let folder: String

    /// - Parameter endsWithUs: the kernel sends the program SIGINT when the thread that started it ends.
    func command(_ program: [String], endsWithUs: Bool) throws(EmbeddedPostgresError) -> [String] {
        let setpriv = ["/usr/bin/setpriv", "/bin/setpriv", "/usr/sbin/setpriv"].first(where: Files.isExecutable)
        guard let account else {
            guard endsWithUs, let setpriv else { return program }
            return [setpriv, "--pdeathsig", "INT"] + program
        }
        guard let setpriv else { throw .cannotDropPrivileges("the program setpriv (package util-linux) is missing") }
        var command = [setpriv, "--reuid=\(account.user)", "--regid=\(account.group)", "--clear-groups"]
        if !account.canReach(folder) {
            // Root's own folders are closed to others. Passing through them is the only right the server keeps.
            command += ["--inh-caps=+\(Self.passage)", "--ambient-caps=+\(Self.passage)"]
        }
        if endsWithUs { command += ["--pdeathsig", "INT"] }
        return command + program
    }

    /// The smallest capability that lets a process pass through closed folders; containers commonly have the second one only.
    private static var passage: String {
        let bounding = Files.tail("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("CapBnd:") }
        let bits = bounding.flatMap { UInt64($0.dropFirst(7).drop { $0 == "\t" || $0 == " " }, radix: 16) } ?? 0
        // CAP_DAC_READ_SEARCH is bit 2 (capabilities(7)).
        return bits & 1 << 2 != 0 ? "dac_read_search" : "dac_override"
    }
}
