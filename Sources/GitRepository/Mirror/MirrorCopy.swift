// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// One bare repository inside a mirror's folder; removed with its last reader once another has taken its place.
final class MirrorCopy: Sendable {
    let path: String
    private let replaced = Atomic<Bool>(false)

    init(path: String) { self.path = path }

    /// Lets the files go as soon as nobody reads them.
    func markReplaced() { replaced.store(true, ordering: .relaxed) }

    deinit {
        // What cannot be removed now is removed when the mirror is opened the next time.
        if replaced.load(ordering: .relaxed) { try? LocalFiles.remove(path) }
    }
}
