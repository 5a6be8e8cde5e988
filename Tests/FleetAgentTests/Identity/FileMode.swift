// SPDX-License-Identifier: Apache-2.0
import Glibc

@testable import FleetAgent

/// Who may do what with a file.
enum FileMode {
    static func of(_ path: String) throws -> mode_t {
        var status = stat()
        guard stat(path, &status) == 0 else { throw StateError.last(path) }
        return status.st_mode & 0o777
    }
}
