// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Manifests

/// The steps of a tour that begin with a commit.
actor ChangeSteps {
    private let place: TourPlace
    private let git: GitHand
    private let stages: StageHand
    /// The image that the tour changes, with the tag that is right at the moment; found once something runs.
    private var image: ImageTag?
    /// Long enough for slow machines; no step waits for long when all is well.
    private let patience = Duration.seconds(180)

    init(place: TourPlace, git: GitHand, stages: StageHand) {
        self.place = place
        self.git = git
        self.stages = stages
    }

    // MARK: First deployment

    func firstDeployment(_ head: ObjectID) async throws -> String {
        // A tour that ended early may have left a stage on hold.
        for environment in place.environments {
            let stage = try await stages.stage(environment)
            guard stage["hold"]?.isNull == false || stage["paused"]?.isNull == false else { continue }
            try await stages.act("resume", on: environment, ["reason": "a new tour begins"])
        }
        try await stages.client.announceChange()
        try await stages.verified(head.hex, in: place.first, within: patience)
        return "\(head.short) \(await clusters(place.first))"
    }

    func firstApproval(_ head: ObjectID) async throws -> String {
        let wasNeeded = try await carry(head.hex)
        return "\(head.short) \(await clusters(place.last))\(wasNeeded ? "" : ", nothing to approve")"
    }

    /// Carries a release from the first stage to the last, approving where that is asked for.
    @discardableResult
    private func carry(_ release: String) async throws -> Bool {
        var wasNeeded = false
        for environment in place.environments.dropFirst() {
            if try await stages.approve(release, in: environment, within: patience) { wasNeeded = true }
            try await stages.verified(release, in: environment, within: patience)
        }
        return wasNeeded
    }

    // MARK: A new image

    func newImage(_ report: inout TourReport) async throws -> String {
        let image = try await findImage()
        let old = image.tag
        let tag = image.nextVersion
        let release = try await git.change(image, to: tag, message: "Raise \(Self.last(image.image)) to \(tag)\n")
        let start = ContinuousClock.now
        try await stages.client.announceChange()
        try await healthy(tag, in: place.first)
        report.commitToHealthySeconds.append((place.first, (ContinuousClock.now - start).inSeconds))
        guard try await place.runs(old, of: image.image, in: place.last) else {
            throw Failure("\(place.last) does not run \(image.image):\(old) any more, and nobody has approved another")
        }
        try await stages.verified(release.hex, in: place.first, within: patience)
        for environment in place.environments.dropFirst() {
            try await stages.approve(release.hex, in: environment, within: patience)
            let approved = ContinuousClock.now
            try await healthy(tag, in: environment)
            report.approvalToHealthySeconds.append((environment, (ContinuousClock.now - approved).inSeconds))
            report.commitToHealthySeconds.append((environment, (ContinuousClock.now - start).inSeconds))
            try await stages.verified(release.hex, in: environment, within: patience)
        }
        self.image?.tag = tag
        return "\(image.image) from \(old) to \(tag)"
    }

    // MARK: A broken one

    func brokenRelease() async throws -> String {
        let image = try await findImage()
        let release = try await git.change(
            image, to: "\(image.nextVersion)-broken", message: "Raise \(Self.last(image.image)) to something that does not start\n")
        try await stages.client.announceChange()
        let first = place.first
        try await Waiting(
            for: "\(release.short) is stopped in \(first)", within: patience, explanation: { [stages] in await stages.explanation(first) }
        ).until {
            let stage = try await stages.stage(first)
            return stage["hold"]?.isNull == false && stage.at("hold", "cause")?.string == "failure" ? () : nil
        }
        for environment in place.environments.dropFirst() {
            do {
                try await stages.act("promote", on: environment, ["release": .string(release.hex)])
                throw Failure("\(environment) takes a release that failed in \(first), without an override")
            } catch let refusal as APIFailure {
                guard refusal.status == 409 else { throw refusal }
            }
            try await neverRan(release.hex, tag: image.tag, in: environment)
        }
        return "\(release.short) failed in \(first), \(place.last) still runs \(image.tag)"
    }

    /// Checks that a release has left no trace in a stage: not in its clusters, not in its history.
    private func neverRan(_ release: String, tag: String, in environment: String) async throws {
        let image = try await findImage()
        guard try await place.runs(tag, of: image.image, in: environment) else {
            throw Failure("\(environment) does not run \(image.image):\(tag) any more")
        }
        let history = try await stages.client.get("/stages/\(Percent.encode(place.pipeline))/\(Percent.encode(environment))/history")
        if (history["items"]?.list ?? []).contains(where: { $0["release"]?.string == release && $0["recordedAt"]?.string != nil }) {
            throw Failure("\(release.prefix(7)) is in the history of \(environment)")
        }
    }

    func fix() async throws -> String {
        let image = try await findImage()
        let broken = try await git.imageTags().first { $0.path == image.path && $0.image == image.image } ?? image
        let tag = broken.nextVersion == image.nextVersion ? ImageTag.next(image.nextVersion) : broken.nextVersion
        let release = try await git.change(broken, to: tag, message: "Raise \(Self.last(image.image)) to \(tag), which starts\n")
        try await stages.client.announceChange()
        try await healthy(tag, in: place.first)
        try await stages.verified(release.hex, in: place.first, within: patience)
        try await carry(release.hex)
        try await healthy(tag, in: place.last)
        self.image?.tag = tag
        return "\(release.short) brings \(tag)"
    }

    // MARK: A person's revert

    func revert() async throws -> String {
        let image = try await findImage()
        let branch = "flotilla/\(place.pipeline)/\(place.last)"
        let (commit, reverted) = try await git.revertHead(of: branch)
        try await stages.client.announceChange()
        let last = place.last
        try await Waiting(
            for: "\(commit.short) is adopted in \(last)", within: patience, explanation: { [stages] in await stages.explanation(last) }
        ).until {
            let stage = try await stages.stage(last)
            return stage.at("running", "commit")?.string == commit.hex && stage.at("hold", "cause")?.string == "human" ? () : nil
        }
        let tag = try await Waiting(
            for: "\(last) runs what was before \(reverted.title)", within: patience,
            explanation: { [stages] in await stages.explanation(last) }
        ).until { () -> String? in
            let tags = Set(try await place.workloads(last, image: image.image).compactMap { $0.tag(of: image.image) })
            guard tags.count == 1, let tag = tags.first, tag != image.tag else { return nil }
            return try await place.runs(tag, of: image.image, in: last) ? tag : nil
        }
        return "\(commit.short) \"\(reverted.title)\" taken back, \(last) runs \(tag) and holds"
    }

    func resume() async throws -> String {
        let image = try await findImage()
        let last = place.last
        try await Waiting(
            for: "\(last) has finished the revert", within: patience, explanation: { [stages] in await stages.explanation(last) }
        )
        .until {
            let stage = try await stages.stage(last)
            return stage["promotion"]?.isNull == false ? nil : ()
        }
        try await stages.act("resume", on: last, ["reason": "the tour goes on"])
        guard try await stages.stage(last)["hold"]?.isNull != false else {
            throw Failure("resumed, and still: \(await stages.explanation(last))")
        }
        // What the person took back stays taken back; the next release is offered as ever.
        let tag = image.nextVersion
        let release = try await git.change(image, to: tag, message: "Raise \(Self.last(image.image)) to \(tag), which is what was wanted\n")
        try await stages.client.announceChange()
        try await stages.verified(release.hex, in: place.first, within: patience)
        try await carry(release.hex)
        try await healthy(tag, in: last)
        self.image?.tag = tag
        return "\(last) runs \(tag)"
    }

    // MARK: Looking

    private func healthy(_ tag: String, in environment: String) async throws {
        let image = try await findImage().image
        try await Waiting(
            for: "\(image):\(tag) is healthy in \(environment)", within: patience, every: .milliseconds(50),
            explanation: { [stages] in await stages.explanation(environment) }
        ).until { try await place.runs(tag, of: image, in: environment) ? () : nil }
    }

    /// The first image tag in the repository that a Deployment in every environment runs.
    private func findImage() async throws -> ImageTag {
        if let image { return image }
        for candidate in try await git.imageTags() where try await runsEverywhere(candidate) {
            image = candidate
            return candidate
        }
        throw Failure("no kustomization of the repository sets the `newTag` of an image that a Deployment in every environment runs")
    }

    private func runsEverywhere(_ candidate: ImageTag) async throws -> Bool {
        for environment in place.environments where try await !place.runs(candidate.tag, of: candidate.image, in: environment) {
            return false
        }
        return true
    }

    private func clusters(_ environment: String) async -> String {
        place.hands(environment).count == 1 ? "in 1 cluster" : "in \(place.hands(environment).count) clusters"
    }

    private static func last(_ image: String) -> String { image.split(separator: "/").last.map(String.init) ?? image }
}
