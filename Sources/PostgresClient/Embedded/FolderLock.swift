// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Says that this process runs a folder's server; the kernel takes it back when the process ends, however it ends.
struct FolderLock: ~Copyable {
    private let file: Int32

    init(folder: String) throws(EmbeddedPostgresError) {
        let path = "\(folder)/lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw Files.failure(path) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw .inUse(folder: folder, process: Files.tail(path).split(separator: "\n").first.flatMap { Int32($0) })
        }
        let text = Array("\(getpid())\n".utf8)
        ftruncate(file, 0)
        _ = write(file, text, text.count)
        self.file = file
    }

    deinit {
        // Explicitly: a child being started at this moment holds a copy of the file until its `exec`, and the lock with it.
        flock(file, LOCK_UN)
        close(file)
    }
}
