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
        let variables: Variables
        /// Below the output folder.
        let file: String
        let request: RenderRequest
    }

    /// Targets whose renders can only differ by their variables: one worker does them, each distinct render once.
    struct Job: Sendable {
        let targets: [Target]
    }

    struct Failed: Sendable {
        let targets: [Target]
        let lines: [String]
    }

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

    private(set) var jobs: [Job] = []
    /// What could not even be begun.
    private(set) var failed: [Failed] = []
    private(set) var warnings: [String] = []

    /// Finds all targets, by environment, cluster and application.
    /// - Parameters:
    ///   - clusters: the only ones to render for; all of them where `nil`.
    ///   - variables: said on the command line; they hide the clusters'.
    init(_ declared: DeclaredFleet, clusters: Set<String>?, variables: [String: String]) {
        let fleet = declared.fleet
        failed = Self.invalid(declared)
        var groups: [RenderRequest: [Target]] = [:]
        for pipeline in fleet.pipelines {
            if let repository = pipeline.source.repository {
                warnings.append("pipeline '\(pipeline.name)': its applications are in repository '\(repository)', not rendered here")
                continue
            }
            let applications = fleet.applications(of: pipeline)
            for stage in pipeline.stages {
                guard let environment = fleet.environment(stage.environment) else { continue }
                for cluster in fleet.clusters(in: environment) where clusters?.contains(cluster.name) ?? true {
                    let known = Variables(environment: environment, cluster: cluster)
                    for application in applications where application.clusterSelector?.matches(cluster.labels) ?? true {
                        guard
                            let file = OutputFolder.file(
                                environment: environment.name, cluster: cluster.name, application: application.name)
                        else { continue }
                        do {
                            var request = try RenderRequest(application, for: known)
                            request.variables.merge(variables) { $1 }
                            var key = request
                            key.variables = [:]
                            groups[key, default: []].append(
                                Target(application: application.name, variables: known, file: file, request: request))
                        } catch {
                            let subject = Subject(.application, application.name)
                            let mark = declared.places.mark(of: subject, at: ["spec", "source", "path"])
                            let place = declared.places.file(of: subject) ?? ""
                            let target = Target(
                                application: application.name, variables: known, file: file, request: RenderRequest(path: ""))
                            failed.append(
                                Failed(
                                    targets: [target],
                                    lines: ["\(place):\(mark?.line ?? 1):\(mark?.column ?? 1): error[\(error.code)]: \(error.message)"]))
                        }
                    }
                }
            }
        }
        jobs = groups.values.map(Job.init).sorted { $0.targets[0].file < $1.targets[0].file }
    }

    /// Applications that cannot be read go to no cluster: only what is wrong with them is known.
    private static func invalid(_ declared: DeclaredFleet) -> [Failed] {
        declared.applicationErrors.isEmpty
            ? [] : [Failed(targets: [], lines: Complaint(declared.applicationErrors).lines)]
    }

    var targetCount: Int { jobs.reduce(0) { $0 + $1.targets.count } }

    /// Does one job; blocks as the tree and the disk do.
    static func run(_ job: Job, from tree: any FileTree, into folder: OutputFolder) -> Done {
        var done = Done()
        var left = job.targets
        while let first = left.first {
            let same: [Target]
            do {
                let rendered = try Renderer.render(first.request, from: tree)
                // What the render did not ask cannot have changed it: the same answers are the same render.
                let asked = rendered.trace.variables
                same = left.filter { target in asked.allSatisfy { target.request.variables[$0.key] == $0.value } }
                left.removeAll { target in asked.allSatisfy { target.request.variables[$0.key] == $0.value } }
                done.warnings += rendered.warnings
                put(Array(YAML.write(documents: rendered.objects.map(\.value)).utf8), same, folder, &done)
            } catch {
                // Without substitution no variable is ever asked for, so that the others would fail in the same way.
                same = first.request.substitute ? [first] : left
                left.removeFirst(same.count)
                done.failed.append(Failed(targets: same, lines: error.errors.map(\.description)))
            }
            done.renders += 1
        }
        return done
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
