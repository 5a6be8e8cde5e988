// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct Get: AsyncParsableCommand {
    enum Noun: String, ExpressibleByArgument, CaseIterable {
        case clusters, applications, environments, pipelines, releases, enrollments, access

        /// Also in the singular.
        init?(argument: String) {
            guard let noun = Noun(rawValue: argument) ?? Noun(rawValue: argument + "s") else { return nil }
            self = noun
        }
    }

    static let configuration = CommandConfiguration(
        abstract: "List what the fleet has, or show one of it. With --cluster, what a cluster has.",
        discussion: """
            With --cluster, the noun is a kind as kubectl knows it, and the cluster's agent is asked; values of Secrets come as keyed \
            hashes.

            Examples:
              flotilla get clusters -o wide
              flotilla get applications storefront -o yaml
              flotilla get releases storefront
              flotilla get access
              flotilla get pods --cluster prod-eu-1 -n shop
              flotilla get deployment storefront --cluster prod-eu-1 -n shop -o yaml
            """)

    @Argument(help: "clusters, applications, environments, pipelines, releases, enrollments or access; with --cluster a kind.")
    var what: String

    @Argument(help: "Only the one of this name; for releases, those of this pipeline; for enrollments, those of this cluster.")
    var name: String?

    @Option(name: .shortAndLong, help: "How to print: table, wide, json or yaml.")
    var output = OutputFormat.table

    @Option(help: "Ask this cluster's agent for objects.")
    var cluster: String?

    @Option(name: .shortAndLong, help: "The namespace, for --cluster; without it, objects of all of them are listed.")
    var namespace: String?

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard cluster == nil else { return }
        guard Noun(argument: what) != nil else {
            throw ValidationError("'\(what)' is none of \(Noun.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard namespace == nil else { throw ValidationError("--namespace goes with --cluster") }
    }

    func run() async throws {
        if let cluster {
            return try await ClusterObjects(kind: what, name: name, namespace: namespace ?? "", output: output).show(
                client, cluster: cluster)
        }
        guard let noun = Noun(argument: what) else { return }
        let client = try client.client()
        let (items, one) = try await read(noun, client)
        await client.shutdown()
        if let text = output.document(one ?? ["items": .list(items)]) { return Terminal.write(text, to: 1) }
        Terminal.write(Listing(noun: noun, wide: output == .wide).text(items, style: Terminal.style), to: 1)
        if let states = one?["applicationStates"]?.list ?? one?.at("states", "items")?.list, !states.isEmpty {
            Terminal.write("\n" + Listing.states(states, wide: output == .wide, style: Terminal.style), to: 1)
        }
    }

    /// The items to list, and the document where one was asked for.
    private func read(_ noun: Noun, _ client: CoordinatorClient) async throws -> (items: [Value], one: Value?) {
        guard let name else {
            guard noun == .releases else { return (try await client.items("/\(noun.rawValue)"), nil) }
            var releases: [Value] = []
            for pipeline in try await client.items("/pipelines") {
                let query = [(name: "pipeline", value: pipeline["name"]?.string ?? "")]
                releases += try await client.get("/releases", query: query)["items"]?.list ?? []
            }
            return (releases, nil)
        }
        switch noun {
        case .clusters, .applications, .pipelines:
            let one = try await client.get("/\(noun.rawValue)/\(Percent.encode(name))")
            return ([one], one)
        case .environments:
            guard let one = try await client.items("/environments").first(where: { $0["name"]?.string == name }) else {
                throw Failure("there is no environment '\(name)'")
            }
            return ([one], one)
        case .releases:
            return (try await client.items("/releases", query: [("pipeline", name)]), nil)
        case .enrollments:
            return (try await client.items("/enrollments", query: [("cluster", name)]), nil)
        case .access:
            guard let one = try await client.items("/access").first(where: { $0["name"]?.string == name }) else {
                throw Failure("there is no access policy '\(name)', or none that you may see")
            }
            return ([one], one)
        }
    }
}
