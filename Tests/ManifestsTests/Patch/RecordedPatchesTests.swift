// SPDX-License-Identifier: Apache-2.0
import Foundation
import Manifests
import Testing

/// Patches sent to a real API server with what it answered, from the folder that FLOTILLA_CONFORMANCE names.
struct RecordedPatchesTests {
    static let file = ProcessInfo.processInfo.environment["FLOTILLA_CONFORMANCE"].map { $0 + "/kubernetes-api/04-patch-types.json" }

    @Test(.enabled(if: file != nil, "FLOTILLA_CONFORMANCE is not set"))
    func givesWhatTheServerGave() throws {
        let file = try #require(Self.file)
        let bytes = try #require(FileManager.default.contents(atPath: file))
        let transcript = try JSON.read(Array(bytes))
        let steps = try #require(transcript["steps"]?.list)
        var objects: [String: Value] = [:]
        var compared = 0
        for step in steps {
            guard let request = step["request"], let answer = step.at("response", "body") else { continue }
            let note = step["note"]?.string ?? ""
            let isDone = step.at("response", "status") == 200
            var path = request["path"]?.string ?? ""
            if request["method"] == "POST", let name = answer.at("metadata", "name")?.string { path += "/\(name)" }
            if request["method"] == "PATCH", let before = objects[path], let patch = request["body"] {
                if let after = try apply(patch, request["contentType"]?.string ?? "", to: before, fails: !isDone, note), isDone {
                    compared += 1
                    #expect(contains(answer, after), "\(note)\n\(YAML.write(after))\n---\n\(YAML.write(answer))")
                }
            }
            if answer.at("metadata", "name") != nil, request["query"]?["dryRun"] == nil { objects[path] = withoutServerFields(answer) }
        }
        #expect(compared >= 18)
    }

    private func apply(_ patch: Value, _ type: String, to object: Value, fails: Bool, _ note: String) throws -> Value? {
        switch type {
        case "application/strategic-merge-patch+json":
            if fails {
                #expect(throws: StrategicMergeError.self, "\(note)") { try StrategicMerge.apply(patch, to: object) }
                return nil
            }
            return try StrategicMerge.apply(patch, to: object)
        case "application/json-patch+json":
            if fails {
                #expect(throws: JSONPatchError.self, "\(note)") { try JSONPatch.apply(patch, to: object) }
                return nil
            }
            return try JSONPatch.apply(patch, to: object)
        case "application/merge-patch+json": return fails ? nil : JSONMergePatch.apply(patch, to: object)
        default: return nil
        }
    }

    private func withoutServerFields(_ object: Value) -> Value {
        var object = object
        for field in ["resourceVersion", "generation", "managedFields"] { object["metadata"]?[field] = nil }
        object["status"] = nil
        return object
    }

    /// Whether everything in `part` is in `whole`, lists item by item; the server adds defaults, and drops what it does not know.
    private func contains(_ whole: Value, _ part: Value) -> Bool {
        switch (whole, part) {
        case (.map(let whole), .map(let part)):
            part.allSatisfy { entry in whole[entry.key].map { contains($0, entry.value) } ?? (entry.value == [] || entry.key == "bogus") }
        case (.list(let whole), .list(let part)): whole.count == part.count && zip(whole, part).allSatisfy(contains)
        default: whole == part
        }
    }
}
