// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Render for a cluster") struct RenderCommandTests {
    @Test("an application's folder and the folder of its source give the same, with the application's options")
    func application() async throws {
        try await RenderSandbox.with { box in
            let byName = try await box.flotilla("fleet/applications/storefront", "--cluster", "prod-eu-1")
            #expect(byName.code == 0, "\(byName.errors)")
            #expect(byName.errors.isEmpty)
            #expect(byName.output.contains("namespace: shop"))
            #expect(byName.output.contains("replicas: 3"))
            for arguments in [
                ["environments/production/storefront", "--cluster", "prod-eu-1"],
                ["fleet/applications/storefront/application.yaml", "--cluster", "prod-eu-1", "--environment", "production"],
                ["./fleet//applications/storefront/", "--cluster", "prod-us-2"],
                ["fleet/applications/storefront", "--environment", "production"],
            ] {
                let other = try await run(try PackageFolder.program("flotilla"), ["render"] + arguments, folder: box.folder)
                #expect(other.output == byName.output, "\(arguments): \(other.errors)")
            }
            let staging = try await box.flotilla("fleet/applications/storefront", "--cluster", "staging-eu-1")
            #expect(staging.output.contains("LOG_LEVEL: debug"))
            #expect(staging.output.contains("replicas: 1"))
        }
    }

    @Test("what an application takes from its declaration: namespace, substitution, variables of the cluster")
    func variables() async throws {
        try await RenderSandbox.with { box in
            try box.addGreeter()
            let result = try await box.flotilla("fleet/applications/greeter", "--cluster", "prod-eu-1")
            #expect(result.code == 0, "\(result.errors)")
            for line in ["namespace: greetings", "host: eu-1.shop.example", "region: eu-west", "level: info"] {
                #expect(result.output.contains(line), "\(line)")
            }
            let changed = try await box.flotilla(
                "fleet/applications/greeter/manifests", "--cluster", "prod-eu-1", "--variable", "level=debug", "--variable",
                "domain=x.example",
                "--namespace", "elsewhere")
            for line in ["namespace: elsewhere", "host: x.example", "region: eu-west", "level: debug"] {
                #expect(changed.output.contains(line), "\(line)")
            }
            // Without a cluster the folder is what it is.
            let plain = try await box.flotilla("fleet/applications/greeter/manifests")
            #expect(plain.output.contains("host: ${domain}"))
            #expect(!plain.output.contains("namespace:"))
        }
    }

    @Test("an environment alone is enough where all its clusters get the same")
    func environmentAlone() async throws {
        try await RenderSandbox.with { box in
            try box.addGreeter()
            let several = try await box.flotilla("fleet/applications/greeter", "--environment", "production")
            #expect(several.code == 1)
            #expect(several.output.isEmpty)
            #expect(several.errors.contains("their cluster.variables.domain differs"))
            #expect(several.errors.contains("'prod-eu-1', 'prod-eu-2', 'prod-us-1', 'prod-us-2'"))
            // One cluster is no question.
            try box.edit("fleet/clusters/staging-us-1.yaml", "tier: staging", "tier: none")
            let one = try await box.flotilla("fleet/applications/greeter", "--environment", "staging")
            #expect(one.code == 0, "\(one.errors)")
            #expect(one.output.contains("host: eu.staging.shop.example"))
        }
    }

    @Test("a revision is read from its commit, whatever is checked out")
    func revisions() async throws {
        try await RenderSandbox.with { box in
            let before = try await box.flotilla("fleet/applications/api", "--cluster", "prod-eu-1")
            try await box.git("tag", "v1")
            try box.edit("environments/production/api/kustomization.yaml", "count: 3", "count: 5")
            try box.edit("fleet/clusters/prod-eu-1.yaml", "name: prod-eu-1", "name: prod-eu-9")
            try await box.commit("Change")
            try box.remove("environments/production/api")
            let id = try await box.git("rev-parse", "--short", "HEAD~1")
            for revision in ["HEAD~1", "v1", id, "main~1", "refs/tags/v1"] {
                let result = try await box.flotilla("fleet/applications/api", "--cluster", "prod-eu-1", "--revision", revision)
                #expect(result.output == before.output, "\(revision): \(result.errors)")
            }
            let after = try await box.flotilla("environments/production/api", "--revision", "main")
            #expect(after.output.contains("replicas: 5"), "\(after.errors)")
            let gone = try await box.flotilla("fleet/applications/api", "--cluster", "prod-eu-1", "--revision", "main")
            #expect(gone.errors.contains("there is no cluster 'prod-eu-1'"))
            // A root inside the repository is a root for commits too.
            let inner = try await box.flotilla("environments/production/api", "--root", "environments", "--revision", "v1")
            #expect(inner.code == 1)
            #expect(inner.errors.contains("production/api/kustomization.yaml:"))
            // From another folder of the same repository.
            try await box.git("worktree", "add", "-q", "\(box.folder)-linked", "v1")
            defer { try? FileManager.default.removeItem(atPath: "\(box.folder)-linked") }
            let linked = try await box.flotilla("\(box.folder)-linked/environments/production/api", "--revision", "main")
            #expect(linked.output == after.output, "\(linked.errors)")
        }
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        var arguments: [String]
        var code: Int32
        var message: String
        var testDescription: String { arguments.joined(separator: " ") }

        init(_ arguments: String, _ code: Int32, _ message: String) {
            self.arguments = arguments.split(separator: " ").map(String.init)
            self.code = code
            self.message = message
        }
    }

    static let wrong = [
        Wrong("", 2, "say which PATH to render"),
        Wrong("x --variable y", 2, "there is no '='"),
        Wrong("--all", 2, "--all needs --output-directory"),
        Wrong("fleet --output-directory out", 2, "--output-directory goes with --all"),
        Wrong("--all --output-directory out --substitute", 2, "from the applications"),
        Wrong("nothing/here", 1, "nothing/here: no such file or folder"),
        Wrong("README.md", 1, "README.md: no such file or folder"),
        Wrong("/tmp --root fleet", 1, "/tmp: not inside "),
        Wrong("fleet/applications/api", 1, "declares application 'api', whose source is environments/${environment.name}/api"),
        Wrong("fleet/applications/api --cluster prod-eu-7", 1, "there is no cluster 'prod-eu-7'\n  hint: did you mean 'prod-eu-"),
        Wrong("fleet/applications/api --cluster mars", 1, "hint: there are: prod-eu-1, prod-eu-2"),
        Wrong("fleet/applications/api --environment prod", 1, "there is no environment 'prod'\n  hint: there are: production, staging"),
        Wrong("fleet/applications/api --environment stagin", 1, "hint: did you mean 'staging'?"),
        Wrong(
            "fleet/applications/api --environment staging --cluster prod-eu-1", 1,
            "cluster 'prod-eu-1' is not in environment 'staging'\n  hint: it is in 'production'"),
        Wrong("api --cluster prod-eu-1", 1, "application 'api' is declared in fleet/applications/api/application.yaml"),
        Wrong("nothing --cluster prod-eu-1", 1, "nothing: no such file or folder"),
        Wrong("fleet/applications/api --cluster prod-eu-1 --root fleet", 1, "there are no declarations"),
        Wrong("environments/staging/api --revision mian", 1, "there is no revision 'mian'"),
        Wrong("environments/staging/api --revision HEAD~9", 1, "there is no revision 'HEAD~9'"),
        Wrong("environments/staging/api --revision HEAD:fleet", 1, "does not name a commit"),
        Wrong("gone --revision HEAD", 1, "gone: no such file or folder"),
        Wrong("../outside --root . --revision HEAD", 1, "../outside: not inside "),
        Wrong("link --cluster prod-eu-1", 1, "/: there are no declarations"),
    ]

    @Test("what is wrong is said, never a crash", arguments: wrong)
    func refusals(_ wrong: Wrong) async throws {
        try await RenderSandbox.with { box in
            try FileManager.default.createSymbolicLink(atPath: "\(box.folder)/link", withDestinationPath: "/usr")
            let result = try await run(try PackageFolder.program("flotilla"), ["render"] + wrong.arguments, folder: box.folder)
            #expect(result.code == wrong.code, "\(result.errors)")
            #expect(result.output.isEmpty)
            #expect(result.errors.contains(wrong.message), "\(result.errors)")
        }
    }

    @Test("errors in files are lines that editors can follow")
    func places() async throws {
        try await RenderSandbox.with { box in
            try box.addGreeter()
            try box.edit("fleet/applications/greeter/manifests/config.yaml", "${domain}", "${domian}")
            let manifest = try await box.flotilla("fleet/applications/greeter", "--cluster", "prod-eu-1")
            #expect(manifest.code == 1)
            #expect(
                manifest.errors
                    == "fleet/applications/greeter/manifests/config.yaml:6:10: error[undefined-variable]: variable domian is not defined "
                    + "(there is domain)\n")
            try box.edit("fleet/applications/greeter/application.yaml", "substitute: true", "substitut: true")
            let application = try await box.flotilla("fleet/applications/greeter", "--cluster", "prod-eu-1")
            #expect(application.code == 1)
            #expect(application.errors.hasPrefix("fleet/applications/greeter/application.yaml:9:5: error[unknown-field]: "))
            // Another application's mistake is its own.
            let other = try await box.flotilla("fleet/applications/api", "--cluster", "prod-eu-1")
            #expect(other.code == 0, "\(other.errors)")
            // A cluster's is everybody's, as for the coordinator.
            try box.edit("fleet/clusters/prod-eu-2.yaml", "spec:", "spek:")
            let fleet = try await box.flotilla("fleet/applications/api", "--cluster", "prod-eu-1")
            #expect(fleet.code == 1)
            #expect(fleet.errors.contains("fleet/clusters/prod-eu-2.yaml:"))
        }
    }
}
