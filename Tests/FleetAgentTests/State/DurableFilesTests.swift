// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import FleetAgent

@Suite struct DurableFilesTests {
    @Test("Files of many callers are all written, and nothing stays beside them")
    func together() async throws {
        let folder = try TemporaryFolder()
        let files = DurableFiles()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<50 {
                group.addTask { try await files.replace("\(folder.path)/\(index)", with: Array("\(index)".utf8)) }
            }
            try await group.waitForAll()
        }
        #expect(Set(Folder.names(folder.path)) == Set((0..<50).map { "\($0)" }))
        for index in 0..<50 { #expect(try Folder.read("\(folder.path)/\(index)") == Array("\(index)".utf8)) }
    }

    @Test("The last of several writes counts, and what is removed is gone")
    func order() async throws {
        let folder = try TemporaryFolder()
        let files = DurableFiles()
        let (kept, removed) = ("\(folder.path)/kept", "\(folder.path)/removed")
        try await files.replace([(kept, [1]), (removed, [1]), (kept, [2]), (removed, nil)])
        #expect(try Folder.read(kept) == [2])
        #expect(try Folder.read(removed) == nil)
        try await files.replace(removed, with: [3])
        #expect(try Folder.read(removed) == [3])
    }

    @Test("Who cannot be served is told, and nobody else")
    func failure() async throws {
        let folder = try TemporaryFolder()
        let files = DurableFiles()
        try Folder.make("\(folder.path)/folder")
        try Folder.write([1], to: "\(folder.path)/folder/file")
        async let good: Void = files.replace("\(folder.path)/good", with: [1])
        // A folder that is not empty cannot be replaced by a file.
        await #expect(throws: StateError.self) { try await files.replace("\(folder.path)/folder", with: [1]) }
        await #expect(throws: StateError.self) { try await files.replace("\(folder.path)/none/file", with: [1]) }
        try await good
        #expect(try Folder.read("\(folder.path)/good") == [1])
    }
}
