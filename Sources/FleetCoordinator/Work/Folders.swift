// SPDX-License-Identifier: Apache-2.0
import Glibc

enum Folders {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes a folder and those above it, for the owner only.
    static func make(_ path: String) throws {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else {
                throw Failure(description: "cannot make the folder \(made): \(String(cString: strerror(errno)))")
            }
        }
    }
}
