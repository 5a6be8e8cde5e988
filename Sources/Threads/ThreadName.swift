// SPDX-License-Identifier: Apache-2.0
import CThreads
import Glibc

/// The names that debuggers and `top -H` show.
package enum ThreadName {
    /// Names the calling thread; Linux keeps 15 bytes, and lets a thread that has no name show its parent's.
    package static func set(_ name: String) {
        _ = pthread_setname_np(pthread_self(), String(decoding: name.utf8.prefix(15), as: UTF8.self))
    }
}
