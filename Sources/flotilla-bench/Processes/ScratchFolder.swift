// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Threads

/// A folder of a benchmark's own, below the system's temporary folder.
struct ScratchFolder: Sendable {
    let path: String

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/flotilla-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw BenchError("cannot make a folder below \(parent): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Writes a file, with the folders above it.
    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let full = "\(path)/\(name)"
        var slash = full.index(full.startIndex, offsetBy: path.count)
        while let next = full[full.index(after: slash)...].firstIndex(of: "/") {
            mkdir(String(full[..<next]), 0o700)
            slash = next
        }
        try Self.write(bytes, to: full)
        return full
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "w") else { throw BenchError("cannot write \(path): \(String(cString: strerror(errno)))") }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw BenchError("cannot write \(path)") }
    }

    func write(_ files: [String: [UInt8]]) throws {
        for (name, bytes) in files { try write(bytes, to: name) }
    }

    func remove() { Self.remove(path) }

    private static let keptFolders = Mutex<[String]>([])

    /// A folder that is removed by `removeKept`.
    static func kept() throws -> ScratchFolder {
        let folder = try ScratchFolder()
        keptFolders.withLock { $0.append(folder.path) }
        return folder
    }

    static func removeKept() {
        let paths = keptFolders.withLock { paths in
            defer { paths = [] }
            return paths
        }
        for path in paths { remove(path) }
    }

    private static func remove(_ path: String) {
        guard let status = FileStatus(path: path, followsLinks: false) else { return }
        if status.kind == .folder, let folder = opendir(path) {
            var names: [String] = []
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
                }
                if name != ".", name != ".." { names.append(name) }
            }
            closedir(folder)
            for name in names { remove("\(path)/\(name)") }
        }
        Glibc.remove(path)
    }
}

/// Why a benchmark could not run.
struct BenchError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
