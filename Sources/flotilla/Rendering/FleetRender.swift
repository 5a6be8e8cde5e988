// SPDX-License-Identifier: Apache-2.0
import FleetCoordinator
import FleetModel
import Manifests
import Rendering

/// Everything that the pipelines of one tree carry to the clusters of their stages.
struct FleetRender: Sendable {
    /// One application on one cluster.
    struct Target: Sendable {
        let application: String
        let environment: String
        let cluster: String
        /// Below the output folder.
        let file: String
        let facts: ClusterFacts
    }

    /// Targets whose renders can differ by their clusters' facts only.
    struct Job: Sendable {
        let recipe: Recipe
        let targets: [Target]
    }

    struct Failed: Sendable {
        var targets: [Target]
        let lines: [String]
    }

    private(set) var jobs: [Job] = []
    /// What could not even be begun.
    private(set) var failed: [Failed] = []
    private(set) var warnings: [String] = []

    /// Finds all targets.
    /// - Parameters:
    ///   - clusters: the only ones to render for; all of them where `nil`.
    ///   - variables: said on the command line; they hide the clusters'.
    init(_ declared: DeclaredFleet, clusters: Set<String>?, variables: [String: String]) {
        let fleet = declared.fleet
        // Which clusters an application would go to that cannot be read, nobody knows.
        if !declared.applicationErrors.isEmpty {
            failed.append(Failed(targets: [], lines: Complaint(declared.applicationErrors).lines))
        }
        var groups: [Recipe: [Target]] = [:]
        for pipeline in fleet.pipelines {
            if let repository = pipeline.source.repository {
                warnings.append("pipeline '\(pipeline.name)': its applications are in repository '\(repository)', not rendered here")
                continue
            }
            let applications = fleet.applications(of: pipeline)
            for environment in pipeline.stages.compactMap({ fleet.environment($0.environment) }) {
                for cluster in fleet.clusters(in: environment) where clusters?.contains(cluster.name) ?? true {
                    let known = Variables(environment: environment, cluster: cluster)
                    let facts = ClusterFacts(variables: known.flattened.merging(variables) { $1 })
                    for application in applications where application.clusterSelector?.matches(cluster.labels) ?? true {
                        guard
                            let file = OutputFolder.file(
                                environment: environment.name, cluster: cluster.name, application: application.name)
                        else { continue }
                        let target = Target(
                            application: application.name, environment: environment.name, cluster: cluster.name, file: file, facts: facts)
                        do throws(TemplateError) {
                            let path = try Template.expand(application.source.path, known)
                            groups[Recipe(application, path: path, engine: Renderer.engineVersion), default: []].append(target)
                        } catch {
                            failed.append(Failed(targets: [target], lines: [declared.error(application, error).description]))
                        }
                    }
                }
            }
        }
        jobs = groups.map(Job.init).sorted { $0.targets[0].file < $1.targets[0].file }
    }

    var files: some Sequence<String> { jobs.lazy.flatMap(\.targets).map(\.file) }

    /// What became of a job.
    struct Done: Sendable {
        var renders = 0
        var written = 0
        var unchanged = 0
        var failed: [Failed] = []
        var warnings: [String] = []
        /// Files that are in place.
        var files: [String] = []
    }

    /// Renders for a job's first target and for all that share its render; blocks as the tree and the disk do.
    /// - Returns: what was done, and the other targets, in groups of which no two can share a render.
    static func run(_ job: Job, from tree: any FileTree, into folder: OutputFolder) throws -> (Done, rest: [Job]) {
        guard let first = job.targets.first else { return (Done(), []) }
        var done = Done(renders: 1)
        let attempt = try Renderer.attempt(job.recipe, first.facts, from: tree)
        let split = Divergence.split(Array(job.targets.indices), by: attempt.trace.answers) { job.targets[$0].facts }
        let same = split.same.map { job.targets[$0] }
        switch attempt.result {
        case .success(let rendered):
            done.warnings = rendered.warnings
            put(Array(YAML.write(documents: rendered.objects.map(\.value)).utf8), same, folder, &done)
        case .failure(let failure):
            done.failed.append(Failed(targets: same, lines: Complaint(failure.errors.map(\.description)).lines))
        }
        return (done, split.others.map { indices in Job(recipe: job.recipe, targets: indices.map { job.targets[$0] }) })
    }

    private static func put(_ bytes: [UInt8], _ targets: [Target], _ folder: OutputFolder, _ done: inout Done) {
        for target in targets {
            do throws(Failure) {
                switch try folder.write(bytes, to: target.file) {
                case .written: done.written += 1
                case .unchanged: done.unchanged += 1
                }
                done.files.append(target.file)
            } catch {
                done.failed.append(Failed(targets: [target], lines: [error.message + (error.hint.map { " (\($0))" } ?? "")]))
            }
        }
    }
}
