// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A file's lock, as another process holds it.
final class HeldLock: Sendable {
    private let descriptor: Int32

    init(path: String) {
        descriptor = open(path, O_RDWR | O_CREAT, 0o600)
        flock(descriptor, LOCK_EX)
    }

    func release() { close(descriptor) }
}
