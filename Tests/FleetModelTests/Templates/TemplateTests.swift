// SPDX-License-Identifier: Apache-2.0
import FleetModel
import Testing

@Suite("Template") struct TemplateTests {
    static var variables: Variables {
        var cluster = Cluster(name: "prod-eu-1")
        cluster.labels = ["region": "eu-west", "example.dev/ring": "canary"]
        cluster.variables = ["domain": "eu.example.com", "empty": ""]
        var environment = Environment(name: "production", clusterSelector: LabelSelector())
        environment.variables = ["logLevel": "info"]
        return Variables(environment: environment, cluster: cluster)
    }

    @Test(
        "variables are put in",
        arguments: [
            ("", ""), ("plain", "plain"), ("environments/${environment.name}/web", "environments/production/web"),
            ("${cluster.name}", "prod-eu-1"), ("${cluster.labels.region}-${cluster.labels.example.dev/ring}", "eu-west-canary"),
            ("${cluster.variables.domain}${cluster.variables.empty}!", "eu.example.com!"), ("${environment.variables.logLevel}", "info"),
            ("$$", "$"), ("$${cluster.name}", "${cluster.name}"), ("a$$$${b", "a$${b"),
        ])
    func expands(_ text: String, _ expected: String) throws { #expect(try Template.expand(text, Self.variables) == expected) }

    @Test(
        "mistakes",
        arguments: [
            ("${cluster.labels.zone}", "undefined-variable", "'cluster.labels.zone' is not defined"),
            ("${cluster}", "undefined-variable", "there is no variable 'cluster'"),
            ("${cluster.labels.}", "undefined-variable", "there is no variable 'cluster.labels.'"),
            ("${domain}", "undefined-variable", "there is no variable 'domain'"), ("${}", "undefined-variable", "there is no variable ''"),
            ("${cluster.name", "invalid-template", "'${' without its '}'"), ("$", "invalid-template", "'$' without '{'"),
            ("$HOME", "invalid-template", "'$' without '{'"),
        ])
    func mistakes(_ text: String, _ code: String, _ message: String) {
        let error = #expect(throws: TemplateError.self) { try Template.expand(text, Self.variables) }
        #expect(error?.code == code)
        #expect(error?.message == message)
    }

    @Test("reads are told, those that find nothing too") func reads() {
        var reads: [String] = []
        _ = try? Template.expand("${cluster.name}/${cluster.name}/${cluster.variables.nothing}/${environment.name}", Self.variables) {
            reads.append("\($0)=\($1 ?? "-")")
        }
        #expect(reads == ["cluster.name=prod-eu-1", "cluster.name=prod-eu-1", "cluster.variables.nothing=-"])
    }

    @Test("names, each once") func names() throws {
        #expect(try Template.names(in: "${cluster.name}$${x}${environment.name}${cluster.name}") == ["cluster.name", "environment.name"])
    }
}
