// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Lets a test's server thread go on, step by step.
final class Gate: Sendable {
    private let semaphore: Semaphore

    /// Sendable because a POSIX semaphore may be used from any thread; the pointer never changes.
    private struct Semaphore: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<sem_t>
    }

    init() {
        semaphore = Semaphore(pointer: .allocate(capacity: 1))
        sem_init(semaphore.pointer, 0, 0)
    }

    deinit {
        sem_destroy(semaphore.pointer)
        semaphore.pointer.deallocate()
    }

    func open() { sem_post(semaphore.pointer) }
    func wait() { while sem_wait(semaphore.pointer) != 0 {} }
}
