// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Render the whole fleet") struct RenderAllTests {
    @Test("a file for each application on each cluster, as it is rendered for that cluster alone; a second run changes nothing")
    func everything() async throws {
        try await RenderSandbox.with { box in
            try box.addGreeter()
            let result = try await box.flotilla("--all", "--output-directory", "out")
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output.isEmpty)
            // Three applications of two environments are one render each; the greeter differs from cluster to cluster.
            #expect(result.errors.contains("24 files by 12 renders: 24 written, 0 unchanged, 0 removed, 0 failed"))
            let files = try box.files("out")
            #expect(files.count == 25)
            for (file, arguments) in [
                ("production/prod-us-1/storefront.yaml", ["fleet/applications/storefront", "--cluster", "prod-us-1"]),
                ("staging/staging-eu-1/greeter.yaml", ["fleet/applications/greeter", "--cluster", "staging-eu-1"]),
                ("staging/staging-us-1/platform.yaml", ["fleet/applications/platform", "--cluster", "staging-us-1"]),
            ] {
                let alone = try await run(try PackageFolder.program("flotilla"), ["render"] + arguments, folder: box.folder)
                #expect(alone.output == files[file], "\(file): \(alone.errors)")
            }
            let again = try await box.flotilla("--all", "--output-directory", "out")
            #expect(again.errors.contains("24 files by 12 renders: 0 written, 24 unchanged, 0 removed, 0 failed"))
            #expect(try box.files("out") == files)
            // From a commit, into another folder, the same.
            try await box.git("add", "fleet")
            try await box.git("commit", "-q", "-m", "Greet")
            try box.remove("fleet")
            let commit = try await box.flotilla("--all", "--revision", "HEAD", "--output-directory", "other/place")
            #expect(commit.code == 0, "\(commit.errors)")
            #expect(try box.files("other/place") == files)
        }
    }

    @Test("stale files of ours go, others stay")
    func stale() async throws {
        try await RenderSandbox.with { box in
            try FileManager.default.createDirectory(atPath: "\(box.folder)/out/.git", withIntermediateDirectories: true)
            #expect(try await box.flotilla("--all", "--output-directory", "out").code == 0)
            try box.write("mine\n", to: "out/production/prod-eu-1/notes.txt")
            try box.write("mine\n", to: "out/production/prod-eu-1/mine.yaml")
            try box.remove("fleet/clusters/prod-eu-1.yaml")
            try box.remove("fleet/clusters/prod-eu-2.yaml")
            let result = try await box.flotilla("--all", "--output-directory", "out")
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.errors.contains("0 written, 12 unchanged, 6 removed, 0 failed"))
            #expect(try box.read("out/production/prod-eu-1/notes.txt") == "mine\n")
            #expect(try box.read("out/production/prod-eu-1/mine.yaml") == "mine\n")
            #expect(!FileManager.default.fileExists(atPath: "\(box.folder)/out/production/prod-eu-1/api.yaml"))
            #expect(!FileManager.default.fileExists(atPath: "\(box.folder)/out/production/prod-eu-2"))
            // Only what is asked for is there.
            let one = try await box.flotilla("--all", "--cluster", "staging-eu-1", "--output-directory", "out")
            #expect(one.errors.contains("3 files by 3 renders: 0 written, 3 unchanged, 9 removed, 0 failed"))
        }
    }

    @Test("one application's mistake keeps its last files, and everybody else's are written")
    func mistake() async throws {
        try await RenderSandbox.with { box in
            #expect(try await box.flotilla("--all", "--output-directory", "out").code == 0)
            let before = try box.files("out")
            try box.edit("environments/production/api/kustomization.yaml", "count: 3", "cuont: 3")
            try box.edit("environments/production/storefront/kustomization.yaml", "count: 3", "count: 4")
            let result = try await box.flotilla("--all", "--output-directory", "out")
            #expect(result.code == 1)
            #expect(result.errors.contains("environments/production/api/kustomization.yaml:"))
            #expect(
                result.errors.contains(
                    "not rendered: api for production/prod-eu-1, production/prod-eu-2, production/prod-us-1, production/prod-us-2"))
            #expect(result.errors.contains("14 files by 6 renders: 4 written, 10 unchanged, 0 removed, 4 failed"))
            let after = try box.files("out")
            #expect(after["production/prod-eu-1/api.yaml"] == before["production/prod-eu-1/api.yaml"])
            #expect(after["production/prod-eu-1/storefront.yaml"]?.contains("replicas: 4") == true)
            #expect(after[".flotilla-rendered"] == before[".flotilla-rendered"])
        }
    }

    @Test("a folder that is not ours is left alone, and no list leads out of ours")
    func foreign() async throws {
        try await RenderSandbox.with { box in
            try box.write("mine\n", to: "mine/notes.txt")
            try box.write("mine\n", to: "file")
            let full = try await box.flotilla("--all", "--output-directory", "mine")
            #expect(full.code == 1)
            #expect(full.errors.contains("the folder is not empty, and nothing says that `flotilla render` wrote it"))
            let file = try await box.flotilla("--all", "--output-directory", "file")
            #expect(file.errors.contains("file: not a folder"))
            for line in ["../../victim.yaml", "a/../victim.yaml", "/etc/a/b.yaml", "a/b/.c.yaml"] {
                try box.write("# x\n\(line)\n", to: "forged/.flotilla-rendered")
                let forged = try await box.flotilla("--all", "--output-directory", "forged")
                #expect(forged.code == 1)
                #expect(forged.errors.contains("'\(line)' is no path that we wrote"))
            }
            // A link in the place of one of our folders is not followed, a file that we did not write not replaced.
            try box.write("# x\n", to: "linked/.flotilla-rendered")
            try box.write("mine\n", to: "linked/staging/staging-eu-1/api.yaml")
            try FileManager.default.createDirectory(atPath: "\(box.folder)/elsewhere", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: "\(box.folder)/linked/production", withDestinationPath: "\(box.folder)/elsewhere")
            let linked = try await box.flotilla("--all", "--output-directory", "linked")
            #expect(linked.code == 1)
            #expect(linked.errors.contains("5 files by 6 renders: 5 written, 0 unchanged, 0 removed, 13 failed"), "\(linked.errors)")
            #expect(linked.errors.contains("is there and was not written by `flotilla render`"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(box.folder)/elsewhere").isEmpty)
            #expect(try box.read("linked/staging/staging-eu-1/api.yaml") == "mine\n")
            #expect(try box.read("mine/notes.txt") == "mine\n")
        }
    }
}
