// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import KubernetesAPI
import Logging
import Manifests

/// Where an agent runs in its own cluster, if it does: by this it can move itself to another image.
package struct AgentPlace: Sendable, Hashable {
    package var deployment: String
    package var pod: String

    package init(deployment: String, pod: String) {
        self.deployment = deployment
        self.pod = pod
    }
}

/// Moves the agent to another image when the coordinator asks for it: nobody outside of a cluster reaches in, so the agent changes the image
/// of its own Deployment, and the Deployment does the rest.
actor SelfUpgrade {
    private let place: AgentPlace?
    private let client: KubernetesClient
    private let logger: Logger
    private var standing = ImageStanding()
    private var hasLooked = false

    init(place: AgentPlace?, client: KubernetesClient, logger: Logger) {
        self.place = place
        self.client = client
        self.logger = logger
    }

    /// What the agent says of its image in its next poll.
    func current() async -> ImageStanding {
        if !hasLooked, let place { await look(place) }
        return standing
    }

    /// Reads the own pod's image; that of a pod never changes under its process.
    private func look(_ place: AgentPlace) async {
        do {
            let pod = try await client.get(.pods, namespace: Ownership.agentNamespace, name: place.pod)
            let containers = pod.at("spec", "containers")?.list ?? []
            standing.running =
                containers.first { $0["name"]?.string == Ownership.agentContainer }?["image"]?.string ?? containers.first?["image"]?.string
                ?? ""
            hasLooked = true
        } catch {
            // Refused or not there: asking again changes nothing. Not answered: the next poll asks again.
            hasLooked = error.isForbidden || error.isNotFound
            logger.debug("the agent's own pod is not seen: \(error.message)")
        }
    }

    /// Takes note of the image that the coordinator asks for, and moves there where it can.
    /// - Returns: `false` where the attempt is to be made again.
    func follow(_ image: String) async -> Bool {
        guard image != standing.taken || !standing.refusal.isEmpty else { return true }
        guard let place else {
            return refuse(image, "this agent was not installed by a Deployment of 'flotilla cluster enroll': replace its program by hand")
        }
        do {
            let deployment = try await client.get(.deployments, namespace: Ownership.agentNamespace, name: place.deployment)
            let containers = deployment.at("spec", "template", "spec", "containers")?.list ?? []
            guard let own = containers.first(where: { $0["name"]?.string == Ownership.agentContainer }) else {
                return refuse(image, "its Deployment \(place.deployment) has no container '\(Ownership.agentContainer)'")
            }
            if own["image"]?.string != image {
                logger.notice("moving to \(image), as the coordinator asks")
                let container: Value = ["name": .string(Ownership.agentContainer), "image": .string(image)]
                _ = try await client.patch(
                    .deployments, namespace: Ownership.agentNamespace, name: place.deployment,
                    .strategic(["spec": ["template": ["spec": ["containers": [container]]]]]),
                    options: WriteOptions(fieldManager: Ownership.agentName))
            }
            standing.taken = image
            standing.refusal = ""
            return true
        } catch {
            guard error.isForbidden || error.isNotFound || error.isInvalid else {
                logger.warning("the agent's image could not be changed yet: \(error.message)")
                return false
            }
            return refuse(image, "its Deployment \(place.deployment) cannot be changed: \(error.message)")
        }
    }

    private func refuse(_ image: String, _ reason: String) -> Bool {
        logger.warning("not moving to \(image): \(reason)")
        standing.taken = image
        standing.refusal = String(reason.prefix(Report.textMax))
        return true
    }
}
