// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Manifests
import Testing

@Suite("Commits and trailers") struct CommitInfoTests {
    private let tree = ObjectID.of([], type: "tree")

    @Test("a draft has the bytes that git gives it")
    func exactBytes() throws {
        let draft = CommitDraft(
            tree: tree, parents: [],
            author: CommitPerson(name: " <Ada>, ", email: "ada@x ", when: Timestamp(seconds: 5), offsetMinutes: -90),
            committer: CommitPerson(name: "Bob", email: "b", when: Timestamp(seconds: 6), offsetMinutes: 330), message: "Hi")
        let built = try draft.build()
        #expect(
            text(built.bytes) == """
                tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
                author Ada <ada@x> 5 -0130
                committer Bob <b> 6 +0530

                Hi

                """)
        let commit = try CommitInfo(id: built.id, raw: built.bytes)
        #expect(commit.author.offsetMinutes == -90 && commit.committer.offsetMinutes == 330)
        #expect(commit.author.when.seconds == 5 && commit.message == "Hi\n")
    }

    @Test("what Git cannot hold is refused")
    func refused() {
        let nameless = CommitPerson(name: " . ", email: "x", when: .epoch)
        #expect(throws: GitError.self) { try CommitDraft(tree: tree, parents: [], author: nameless, message: "m").build() }
        #expect(throws: GitError.self) { try CommitDraft(tree: tree, parents: [], author: ada, message: "a\0b").build() }
        for raw in ["", "tree x\n", "tree \(tree)\nauthor A <a> 1 +0000\n\nm", "garbage"] {
            #expect(throws: GitError.self) { try CommitInfo(id: tree, raw: Array(raw.utf8)) }
        }
    }

    @Test(
        "only a last paragraph of nothing but trailers counts",
        arguments: [
            ("Title\n\nA: 1\nB-c: 2\n", ["A=1", "B-c=2"]),
            ("Title\n\nbody\n\nA: 1\n\n\n", ["A=1"]),
            ("Title\n\nA: 1\n  more\nB:2", ["A=1 more", "B=2"]),
            ("A: 1\n", []), ("Title\n\nprose\nA: 1\n", []), ("Title\n\nA: 1\n\nprose\n", []), ("Title\n\n more\nA: 1", []),
            ("Title\n\nA b: 1\n", []), ("Title\n\n: 1\n", []), ("Title\r\n\r\nA: 1\r\n", ["A=1"]), ("", []),
        ])
    func trailers(message: String, expected: [String]) {
        #expect(Trailer.parse(message).map { "\($0.key)=\($0.value)" } == expected)
    }

    @Test("written trailers are read back")
    func trailersWritten() {
        let trailers = [Trailer(key: "Flotilla-Release", value: "abc"), Trailer(key: "Flotilla-Gate", value: "x passed\n0.1 < 2")]
        let message = "Title\n\n" + Trailer.write(trailers)
        #expect(Trailer.parse(message).map(\.value) == ["abc", "x passed 0.1 < 2"])
    }

    @Test("ids are 40 hexadecimal digits in byte order")
    func ids() throws {
        let text = "00ff0123456789abcdef0123456789abcdefff01"
        let id = try #require(ObjectID(hex: text))
        #expect(id.hex == text && id.short == "00ff012" && "\(id)" == text)
        #expect(ObjectID(bytes: id.bytes) == id)
        #expect(ObjectID(hex: text.uppercased()) == id)
        #expect(ObjectID(hex: text.dropLast()) == nil && ObjectID(hex: text.dropLast() + "g") == nil)
        #expect(ObjectID.of(Array("hello\n".utf8), type: "blob").hex == "ce013625030ba8dba906f756967f9e9ca394464a")
        let larger = try #require(ObjectID(hex: "00ff0123456789abcdef0123456789abcdefff02"))
        #expect(id < larger)
    }
}
