// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Manifests

struct RunJob: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-job",
        abstract: "Run a Job on a cluster, and print the end of its log.",
        discussion: """
            The agent makes the Job under a name of its own, waits for its end and leaves it to the cluster to delete. Its agent has to \
            permit it: flotilla-agent --allow-jobs NAMESPACE.

            Examples:
              flotilla run-job --cluster staging-1 --file smoke.yaml
              flotilla run-job --cluster prod-eu-1 --file migrate.yaml --application storefront --timeout 15m
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("The Job's manifest, YAML or JSON; - is standard input.", valueName: "file"))
    var file: String

    @Option(name: .shortAndLong, help: "The namespace, instead of the manifest's.")
    var namespace: String?

    @Option(help: "Run it in the name of this application's service account.")
    var application: String?

    @Option(help: ArgumentHelp("How long it may take, up to 30m.", valueName: "time"))
    var timeout = TimeSpan(seconds: 300)

    @OptionGroup var options: CommandOptions

    func validate() throws {
        guard (1...1_800).contains(timeout.seconds) else { throw ValidationError("--timeout is from 1s to 30m") }
    }

    func run() async throws {
        let bytes = try LocalFile.read(file == "-" ? "/dev/stdin" : file, limit: 256 << 10)
        let manifest: Value
        do { manifest = try YAML.document(bytes) } catch { throw Failure("\(file): \(error)") }
        var parameters: Map = [
            "manifest": manifest, "namespace": .string(namespace ?? manifest.at("metadata", "namespace")?.string ?? "default"),
            "timeoutSeconds": .int(timeout.seconds),
        ]
        if let application { parameters["application"] = .string(application) }
        let client = try options.client.client()
        let command = try await options.run(client).run("runJob", parameters)
        await client.shutdown()
        if let text = command.at("output", "text")?.string { LogText.write(text) }
        try CommandRun.check(command)
        Terminal.note("\(options.cluster): \(Table.visible(command["message"]?.string ?? "done"))")
    }
}
