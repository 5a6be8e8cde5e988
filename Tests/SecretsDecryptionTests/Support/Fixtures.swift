// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests

@testable import SecretsDecryption

/// The recorded files beside the tests.
enum Fixtures {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures").path

    static func names(in name: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)")) ?? []).sorted()
    }

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(path)"))) }

    static func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

    /// The throw-away keys that everything is recorded for.
    static func identities(_ files: String...) throws -> Identities {
        try Identities(parsing: files.map { try text($0) }.joined(separator: "\n"))
    }

    static let ours = "keys.txt"
    static let others = "other-keys.txt"

    static func parts(_ bytes: [UInt8], _ format: SOPS.Format) throws -> [Value] {
        switch format {
        case .json: [try JSON.read(bytes)]
        case .yaml: try YAML.documents(bytes, scalars: .kustomize)
        }
    }

    /// The documents that were recorded, without their extension's dot.
    static let documents = names(in: "SOPS").filter { !$0.contains(".plain.") && !$0.contains(".decrypted.") }
}

/// Numbers that come out the same every time (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The code of the error that `body` throws; `nil` where it throws none.
func code(_ body: () throws -> Void) -> SecretsError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? SecretsError)?.code
    }
}

/// The error that `body` throws, as text.
func message(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch {
        return "\(error)"
    }
}
