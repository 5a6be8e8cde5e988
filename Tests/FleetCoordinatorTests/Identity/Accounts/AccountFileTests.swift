// SPDX-License-Identifier: Apache-2.0
import Glibc
import Logging
import Manifests
import Testing
import Threads

@testable import FleetCoordinator

@Suite("The file of accounts") struct AccountFileTests {
    private let path: String
    private let time = HandTime()

    init() throws {
        let folder = "/tmp/flotilla-test-\(getpid())-\(UInt64.random(in: .min ... .max))"
        try Folders.make(folder)
        path = "\(folder)/accounts.json"
    }

    private var file: AccountFile { AccountFile(path: path) }

    private func accounts() -> LocalAccounts {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return LocalAccounts(path: path, time: time.wall, logger: logger)
    }

    private func account(_ name: String) -> Account {
        Account(
            name: name, displayName: "Anna Ä.", email: "anna@example.com", groups: ["web"], isDisabled: name == "idle",
            createdAt: Timestamp(milliseconds: 1_800_000_000_123), passwordChangedAt: Timestamp(milliseconds: 1_800_000_000_123),
            password: PasswordHash(cost: .current, salt: Random.bytes(16), hash: Random.bytes(32)))
    }

    private func write(_ text: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    private func text() throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    @Test func keepsWhatItWasGivenForItsOwnerAlone() throws {
        let (anna, idle) = (account("anna"), account("idle"))
        #expect(try file.read().accounts.isEmpty)
        _ = try file.change { $0 = ["anna": anna, "idle": idle] }
        #expect(try file.read().accounts == ["anna": anna, "idle": idle])
        #expect(FileStatus(path: path)?.permissions == 0o600)
        let old = try file.mark()
        _ = try file.change { $0["idle"] = nil }
        #expect(try file.read().accounts == ["anna": anna])
        #expect(try file.mark() != old)
        // What was left half written by a killed process is in nobody's way.
        let left = try #require(fopen("\(path).new", "w"))
        fclose(left)
        _ = try file.change { $0["idle"] = idle }
        #expect(try file.read().accounts.count == 2)
    }

    @Test func aThrownErrorLeavesItAsItWas() throws {
        struct Stop: Error {}
        _ = try file.change { $0["anna"] = account("anna") }
        let before = try text()
        #expect(throws: Stop.self) {
            try file.change { accounts in
                accounts = [:]
                throw Stop()
            }
        }
        #expect(try text() == before)
    }

    @Test("a file that is cut off or wrong says so, without its text, and is not written over")
    func refusesWhatItCannotRead() throws {
        _ = try file.change { $0["anna"] = account("anna") }
        let whole = try text()
        let salt = try #require(whole.firstMatch(of: #/"salt": "([0-9a-f]+)"/#)?.1)
        let broken: [(String, String)] = [
            (String(whole.prefix(whole.count / 2)), "cut off"), ("", "cut off"), ("[]", "expected a map"),
            (whole.replacing("\"version\": 1", with: "\"version\": 2"), "only version 1"),
            (whole.replacing("32768", with: "33554432"), "64 MiB"), (whole.replacing("32768", with: "32767"), "64 MiB"),
            (whole.replacing(salt, with: "zz" + salt.dropFirst(2)), "hexadecimal"), (whole.replacing("\"anna\"", with: "\"Anna\""), "name"),
            (whole.replacing("scrypt", with: "plain"), "only 'scrypt'"),
        ]
        for (text, words) in broken {
            try write(text)
            do {
                _ = try file.read()
                Issue.record("was read: \(words)")
            } catch {
                #expect("\(error)".contains(words) && "\(error)".contains(path), "\(error)")
                #expect(!"\(error)".contains(salt) && !"\(error)".contains("anna@"), "\(error)")
            }
            #expect(throws: AccountFile.Failure.self) { try file.change { $0["eve"] = account("eve") } }
            #expect(try self.text() == text)
        }
    }

    @Test func whoeverChangesItHasItAlone() throws {
        _ = try file.change { _ in }
        let lock = open("\(path).lock", O_RDWR)
        #expect(flock(lock, LOCK_EX) == 0)
        #expect(throws: AccountFile.Failure.locked(path: path)) { try file.change { _ in } }
        close(lock)
        _ = try file.change { _ in }
    }

    @Test("a change by another coordinator is seen within a second; a broken or vanished file changes nothing")
    func followsTheFile() async throws {
        let (here, there) = (accounts(), accounts())
        #expect(try await here.current().isEmpty)
        try there.change { $0["anna"] = account("anna") }
        #expect(try await here.account("anna") == nil)
        time.advance(by: .seconds(1))
        #expect(try await here.account("anna") != nil)
        let whole = try text()
        try write(String(whole.prefix(100)))
        time.advance(by: .seconds(1))
        #expect(try await here.account("anna") != nil)
        #expect(throws: AccountFile.Failure.self) { try here.change { $0["eve"] = account("eve") } }
        await #expect(throws: AccountFile.Failure.self) { try await accounts().current() }
        unlink(path)
        time.advance(by: .seconds(1))
        #expect(try await here.account("anna") != nil)
        try write(whole.replacing("Anna Ä.", with: "Anna B."))
        time.advance(by: .seconds(1))
        #expect(try await here.account("anna")?.displayName == "Anna B.")
    }

    @Test func namesLookLikeNoOther() {
        for name in ["anna", "a.b-c_d@example.com", "0", String(repeating: "x", count: 64)] {
            #expect(AccountRules.isName(name), "\(name)")
        }
        for name in [
            "", "Anna", "-a", "änna", "a b", "a/b", "a'", "administrator", "anybody", "coordinator", String(repeating: "x", count: 65),
        ] {
            #expect(!AccountRules.isName(name), "\(name)")
        }
        for password in ["short", "aaaaaaaaaaaaaaaa", "anna-anna-anna", String(repeating: "abcd", count: 300)] {
            #expect(throws: APIFailure.self) { try AccountRules.checked(password: password, for: "anna") }
        }
        #expect(throws: Never.self) { try AccountRules.checked(password: Random.password(), for: "anna") }
        #expect(throws: APIFailure.self) { try AccountRules.checked(email: "a b@example.com") }
        #expect(throws: APIFailure.self) { try AccountRules.checked(email: "nowhere") }
        #expect(throws: APIFailure.self) { try AccountRules.checked(groups: ["a,b"]) }
        #expect(throws: APIFailure.self) { try AccountRules.checked(text: "a\nb", "displayName") }
    }
}

@Suite("Hashing passwords") struct PasswordHasherTests {
    @Test("scrypt is the one of RFC 7914 §12")
    func knownAnswer() throws {
        let hash = try PasswordHash.scrypt(
            Array("password".utf8), Array("NaCl".utf8), PasswordHash.Cost(rounds: 1_024, blockSize: 8, parallelism: 16))
        #expect(KeyFolder.hex(hash) == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
    }

    @Test func equalPasswordsHaveDifferentHashes() async throws {
        let hasher = Hashings().hasher()
        let (one, two) = (try await hasher.hash("correct horse"), try await hasher.hash("correct horse"))
        #expect(one != two && one.hash != two.hash)
        #expect(try await hasher.check("correct horse", against: one))
        #expect(try await !hasher.check("correct hors", against: one))
        #expect(try await !hasher.check("correct horse", against: nil))
    }

    @Test func manyAtOnceAreSentAway() async throws {
        let hashings = Hashings()
        let hasher = hashings.hasher(cost: PasswordHash.Cost(rounds: 1 << 12, blockSize: 8, parallelism: 1))
        let refused = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    do { return try await hasher.check("x", against: nil) } catch {
                        guard let failure = error as? APIFailure else { throw error }
                        return failure.code == "busy"
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refused + hashings.count == 200)
    }
}
