// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@Suite("The checker finds what is wrong, and nothing else") struct CheckerTests {
    @Test("a right story is clean, and every rule judged something")
    func clean() throws {
        let verdict = try Story().verdict()
        #expect(verdict.isClean, "\(verdict)")
        for rule in Verdict.Rule.allCases { #expect(verdict.judged[rule, default: 0] > 0, "\(rule) judged nothing") }
    }

    @Test("content that no record declares")
    func unrecorded() throws {
        var story = Story()
        story.apply("prod-1", at: 9_000, .settings("made up"))
        #expect(try story.broken() == [.recordedContent, .convergence])
    }

    @Test("a write before its record")
    func early() throws {
        var story = Story()
        story.history.stages["production"]?.records[1].visibleAt = Story.start + .milliseconds(6_900)
        #expect(try story.broken() == [.recordFirst, .deletions])
    }

    @Test("a write of an older release after a newer one")
    func wayBack() throws {
        var story = Story()
        story.apply("prod-2", at: 9_000, .settings("1"))
        #expect(try story.broken() == [.noWayBack, .convergence])
    }

    @Test("a deletion of what the newest record still has, also in the agent's absence of a reason")
    func deletion() throws {
        var story = Story()
        story.delete("prod-1", at: 9_000, Story.settings)
        #expect(try story.broken() == [.deletions, .convergence])
        // What a person deletes is not the agent's doing.
        story = Story()
        story.delete("prod-1", at: 9_000, Story.settings, agent: "kubectl/v1.36")
        #expect(try story.broken().isEmpty)
    }

    @Test("a deletion before the record that drops the object")
    func earlyDeletion() throws {
        var story = Story()
        story.lines["prod-1"]?.removeAll { $0.text.contains("DELETE") }
        story.delete("prod-1", at: 4_500, Story.extra)
        #expect(try story.broken() == [.deletions])
    }

    @Test("an object that a release dropped, left where it was")
    func notPruned() throws {
        var story = Story()
        story.lines["prod-1"]?.removeAll { $0.text.contains("DELETE") }
        #expect(try story.broken() == [.convergence])
    }

    @Test("a record in production of a release that staging has not verified")
    func unverifiedRecord() throws {
        var story = Story()
        story.history.stages["staging"]?.verified.removeLast()
        #expect(try story.broken() == [.verifiedFirst])
        story = Story()
        story.history.stages["staging"]?.verified[1].at = Story.start + .milliseconds(7_000)
        #expect(try story.broken() == [.verifiedFirst])
        // A person's decision to go on all the same is on record.
        story.history.stages["production"]?.records[1].isOverride = true
        #expect(try story.broken().isEmpty)
    }

    @Test("an image in production that never was ready in a staging cluster, whatever the journal says")
    func unverifiedImage() throws {
        var story = Story()
        story.lines["staging-2"]?.removeAll { $0.text.contains("web:2") && $0.text.contains(#""settled":true"#) }
        #expect(try story.broken().contains(.verifiedFirst))
    }

    @Test("two clusters of a wave out of Current together")
    func unavailable() throws {
        var story = Story()
        // prod-3 is given the release before prod-2 is ready with it.
        story.settle("prod-2", from: 8_200, to: 8_600)
        #expect(try story.broken() == [.maxUnavailable])
    }

    @Test("a cluster that was out of Current already uses no budget")
    func unavailableBefore() throws {
        var story = Story()
        story.settle("prod-2", from: 8_200, to: 8_600)
        story.crash("prod-2", at: 7_900)
        #expect(try story.broken().isEmpty)
    }

    @Test("what a failed rollout left behind uses no budget of the next one")
    func unavailableByFailure() throws {
        var story = Story()
        story.settle("prod-3", from: 8_600, to: 9_600)
        story.revert(at: 8_900)
        story.apply("prod-2", at: 9_000, .web("1"))
        #expect(try story.broken().contains(.maxUnavailable))
        story.history.stages["production"]?.failed = ["p-promotion-2"]
        #expect(try !story.broken().contains(.maxUnavailable))
    }

    @Test("a wave that began before the one before had soaked")
    func waves() throws {
        var story = Story()
        story.settle("prod-1", from: 6_500, to: 7_500)
        #expect(try story.broken() == [.waveOrder])
    }

    @Test("a release recorded twice, a promotion recorded twice, a decision journalled twice")
    func doubled() throws {
        var story = Story()
        if let last = story.history.stages["production"]?.records.last { story.history.stages["production"]?.records.append(last) }
        #expect(try story.broken() == [.history])
        story = Story()
        if let last = story.history.stages["production"]?.verified.last { story.history.stages["production"]?.verified.append(last) }
        #expect(try story.broken() == [.history])
        story = Story()
        story.history.problems = ["a branch forked"]
        #expect(try story.broken() == [.history])
    }

    @Test("marks that Flotilla adds are no content; everything else is")
    func content() throws {
        let plain: Value = ["kind": "ConfigMap", "metadata": ["name": "a", "labels": ["team": "web"]], "data": ["k": "v"]]
        var marked = plain
        marked["metadata"]?["labels"] = ["flotilla.dev/application": "web", "team": "web", "applyset.kubernetes.io/part-of": "x"]
        marked["metadata"]?["annotations"] = ["flotilla.dev/x": "y"]
        #expect(Content.digest(plain) == Content.digest(marked))
        marked["data"]?["k"] = "w"
        #expect(Content.digest(plain) != Content.digest(marked))
    }

    @Test("the checker knows nothing of the coordinator, the agent or the simulator but what they write down")
    func independence() throws {
        let files = try PackageFolder.swiftFiles(below: "Tests").filter { $0.path.hasPrefix("Tests/SystemTests/Checker/") }
        #expect(files.count > 5)
        for file in files {
            let imports = file.text.split(separator: "\n").filter { $0.hasPrefix("import ") || $0.hasPrefix("@testable") }
            for line in imports {
                #expect(
                    ["import Foundation", "import Manifests", "import Testing", "import Threads"].contains(String(line)), "\(file.path)")
            }
        }
    }

    @Test("a log's last line may be cut off, no other")
    func cutOff() throws {
        let line = #"{"time":"2026-01-01T00:00:00Z","event":"request","cluster":"a","verb":"get","method":"GET","path":"/version"}"#
        #expect(try RequestLines.read("\(line)\n\(line.prefix(20))", cluster: "a").count == 1)
        #expect(throws: RequestLines.Unreadable.self) { try RequestLines.read("\(line.prefix(20))\n\(line)\n", cluster: "a") }
    }
}
