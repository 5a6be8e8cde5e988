// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Server processes of a data folder whose owner is gone.
enum LeftoverProcesses {
    /// Ends them: a server by a fast shutdown, the children of a dead one at once. Blocks until they are gone.
    ///
    /// To be called only by the holder of the folder's lock. Every server process has the data folder as its working directory.
    static func end(dataFolder: String) throws(EmbeddedPostgresError) {
        let limit = ContinuousClock.now + .seconds(30)
        var signal = SIGINT
        while true {
            let running = find(dataFolder)
            guard !running.isEmpty else { return }
            // SIGINT to the server is its fast shutdown, and children without a server must not be waited for.
            let servers = running.filter { process in !running.contains { $0.identifier == process.parent } }
            for process in servers { kill(process.identifier, process.isServer ? signal : SIGKILL) }
            signal = ContinuousClock.now + .seconds(15) > limit ? SIGQUIT : SIGINT
            guard ContinuousClock.now < limit else { throw .inUse(folder: dataFolder, process: running[0].identifier) }
            // Nobody's child of ours: there is nothing to wait on but the kernel's list.
            usleep(20_000)
        }
    }

    private struct Process {
        let identifier: pid_t
        let parent: pid_t
        /// Whether it is the server itself and not one of its children, which carry a title instead of its command line.
        let isServer: Bool
    }

    private static func find(_ dataFolder: String) -> [Process] {
        Files.entries("/proc").compactMap { name in
            guard let identifier = pid_t(name), Files.linkTarget("/proc/\(name)/cwd") == dataFolder else { return nil }
            let status = Files.tail("/proc/\(name)/status").split(separator: "\n")
            func field(_ name: String) -> Substring? {
                status.first { $0.hasPrefix("\(name):") }?.dropFirst(name.count + 1).drop { $0 == "\t" || $0 == " " }
            }
            guard field("Name") == "postgres", field("State")?.first != "Z", let parent = field("PPid").flatMap({ pid_t($0) }) else {
                return nil
            }
            return Process(
                identifier: identifier, parent: parent, isServer: !Files.tail("/proc/\(name)/cmdline").hasPrefix("postgres: "))
        }
    }
}
