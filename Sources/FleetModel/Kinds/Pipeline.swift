// SPDX-License-Identifier: Apache-2.0

/// A source branch, applications, and the stages that each release passes in order.
package struct Pipeline: Sendable, Hashable {
    package var name: String
    package var labels: [String: String] = [:]
    package var source = Source()
    package var applications: Applications
    package var record = Record.commit
    package var bounds: Bounds?
    package var stages: [Stage] = []

    package init(name: String, applications: Applications) {
        self.name = name
        self.applications = applications
    }

    package struct Source: Sendable, Hashable {
        /// A declared repository; `nil` is the fleet repository.
        package var repository: String?
        package var branch = "main"

        package init() {}
    }

    package enum Applications: Sendable, Hashable {
        case names([String])
        case selector(LabelSelector)

        package func contains(_ application: Application) -> Bool {
            switch self {
            case .names(let names): names.contains(application.name)
            case .selector(let selector): selector.matches(application.labels)
            }
        }

        /// Those that are selected, in their order; for many applications cheaper than asking for each.
        package func selecting(_ applications: [Application]) -> [Application] {
            let matcher = ApplicationMatcher(self)
            return applications.filter(matcher.contains)
        }
    }

    package enum Record: String, Sendable, CaseIterable {
        case commit, pullRequest
    }

    /// The pipeline in one environment.
    package struct Stage: Sendable, Hashable {
        package var environment: String
        /// Environments of this pipeline whose verification a release needs first; by default the stage before.
        package var after: [String] = []
        package var promotion = Promotion()
        package var verify: [Verification] = []
        /// Whether a newer release interrupts a rollout.
        package var preempt = false
        package var images = Images.warn
        /// Clusters that must be Current for a wave to complete.
        package var minimumClusters = 1

        package init(environment: String) { self.environment = environment }
    }

    /// What a promotion waits for. With neither approvals nor gates it is automatic.
    package struct Promotion: Sendable, Hashable {
        package var approvals: Approvals?
        package var gates: [Gate] = []

        package init() {}

        package var isAutomatic: Bool { (approvals?.required ?? 0) == 0 && gates.isEmpty }
    }

    package struct Approvals: Sendable, Hashable {
        package var required = 1
        /// Groups whose members may approve; empty is everybody with the role.
        package var from: [String] = []
        package var notAuthor = false
        /// How long an approval holds; `nil` is for ever.
        package var expires: Duration?

        package init() {}
    }

    package enum Gate: Sendable, Hashable {
        case webhook(name: String, url: String)
    }

    /// What must hold after the rollout before the stage is verified.
    package enum Verification: Sendable, Hashable {
        case soak(Duration)
        case prometheus(Prometheus)
        case job(Job)
    }

    package struct Prometheus: Sendable, Hashable {
        package enum Via: String, Sendable, CaseIterable {
            case coordinator, agent
        }

        package var name: String
        package var via = Via.coordinator
        package var url: String
        package var query: String
        package var below: Double?
        package var above: Double?
        package var period: Duration

        package init(name: String, url: String, query: String, period: Duration) {
            self.name = name
            self.url = url
            self.query = query
            self.period = period
        }
    }

    package struct Job: Sendable, Hashable {
        package var name: String
        /// A folder below the release's root; a template.
        package var path: String
        package var serviceAccount: String?

        package init(name: String, path: String) {
            self.name = name
            self.path = path
        }
    }

    package enum Images: String, Sendable, CaseIterable {
        case warn, fail, requireDigest
    }
}

extension Pipeline.Stage {
    /// The sum of all soaks to verify with.
    package var soak: Duration {
        verify.reduce(.zero) { sum, verification in if case .soak(let soak) = verification { sum + soak } else { sum } }
    }
}

/// A pipeline's choice of applications, made ready for being asked about thousands of them.
struct ApplicationMatcher {
    private let names: Set<String>
    private let selector: LabelSelector?

    init(_ applications: Pipeline.Applications) {
        switch applications {
        case .names(let names): (self.names, selector) = (Set(names), nil)
        case .selector(let selector): (names, self.selector) = ([], selector)
        }
    }

    func contains(_ application: Application) -> Bool { selector?.matches(application.labels) ?? names.contains(application.name) }
}
