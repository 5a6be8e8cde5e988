// SPDX-License-Identifier: Apache-2.0
import Manifests

@testable import Promotion

extension World {
    /// Anything that can happen, at random.
    mutating func happen() throws {
        let position = chance.below(places.count)
        let index = chance.below(places[position].clusters.count)
        let ada = Actor(name: "Ada", reason: "because")
        switch chance.below(100) {
        case 0..<4: publish()
        case 4..<24: act(position, index)
        case 24..<30: report(position, index)
        case 30..<52: try deliver()
        case 52..<66: try record(position)
        case 66..<70: try follow(position)
        case 70..<78:
            // Clocks jump, also back.
            now = now + .milliseconds(chance.percent(5) ? Int64(chance.below(600_000)) - 300_000 : Int64(chance.below(3_000)))
            for place in places.indices { try send(.tick, to: place) }
        case 78..<84: try approve(position)
        case 84:
            if let set = places[position].stage.promotion?.candidate.rendered { try send(.rejected(rendered: set, by: ada), to: position) }
        case 85: try send(.paused(by: ada), to: position)
        case 86..<89: try send(.resumed(by: ada), to: position)
        case 89:
            if let plan = plans.randomElement(using: &chance) {
                let id = name("p")
                let candidate = candidate(plan, position, id: id, override: ada)
                try send(.offered(candidate), to: position)
                if chance.percent(20) { try send(.offered(candidate), to: position) }
            }
        case 90: try rollback(position)
        case 91: if !gitIsDown { pushHead(position) }
        case 92: if chance.percent(20) { places[position].branch = nil }
        case 93: if places[position].branch == nil { places[position].branch = places[position].stage.running?.commit }
        case 94: gitIsDown.toggle()
        case 95..<98: places[position].clusters[index].isOffline.toggle()
        case 98:
            if chance.percent(5), places[position].clusters.count(where: { !$0.hasLeft }) > 2 {
                places[position].clusters[index].hasLeft = true
                places[position].out.remove(places[position].clusters[index].name)
                try send(.clusterLeft(places[position].clusters[index].name), to: position)
                // Told again by the next round, where a crash came between.
                try send(.clusterLeft(places[position].clusters[index].name), to: position)
            }
        default: try offerAll()
        }
    }

    mutating func publish(rendered: String? = nil) {
        let fresh = chance.percent(30) ? name("bad") : name("set")
        let old = chance.percent(15) ? plans.last?.rendered : nil
        plans.append(Plan(sequence: (plans.last?.sequence ?? 0) + 1, rendered: rendered ?? old ?? fresh))
    }

    mutating func approve(_ position: Int) throws {
        guard let set = places[position].stage.promotion?.candidate.rendered else { return }
        let person = ["Ada", "Bob", "Eve"][chance.below(3)]
        try send(.approved(Approval(by: person, rendered: set, at: now)), to: position)
    }

    mutating func rollback(_ position: Int) throws {
        let stage = places[position].stage
        guard let target = stage.rollbackTarget(from: stage.running?.candidate.rendered) else { return }
        let plan = Plan(sequence: target.candidate.sequence, rendered: target.candidate.rendered)
        let id = name("p")
        let back = candidate(plan, position, id: id, origin: .rollback)
        try send(.rollback(back, by: Actor(name: "Ada", reason: "back")), to: position)
        if chance.percent(20) { try send(.rollback(back, by: Actor(name: "Ada")), to: position) }
    }

    /// Faults stop, people resume, a good release comes: every cluster runs it within a bounded time.
    mutating func settle() throws {
        isFaulty = false
        gitIsDown = false
        for position in places.indices {
            for index in places[position].clusters.indices { places[position].clusters[index].isOffline = false }
            for cluster in places[position].clusters where cluster.hasLeft { try send(.clusterLeft(cluster.name), to: position) }
        }
        // What is in the way is cleared by people; then one more release goes through without them.
        for _ in 0..<200 {
            try round()
            for position in places.indices {
                guard let stuck = places[position].stage.promotion, let rollout = stuck.rollout, World.isBad(stuck.candidate.rendered)
                else {
                    continue
                }
                let isWaiting = !rollout.isOver && !rollout.clusters.contains { $0.progress == .dispatched }
                guard !isWaiting || !stuck.waitingFor.isEmpty || rollout.failures.isEmpty else {
                    throw Broken(description: "\(stuck.candidate.id) waits and does not say why")
                }
                if isWaiting { pushHead(position) }
            }
            if places.allSatisfy({ $0.stage.promotion == nil && $0.branch == $0.stage.running?.commit }) { break }
        }
        let final = name("set")
        publish(rendered: final)
        for _ in 0..<200 {
            try round()
            if isSettled(final) { return }
        }
        let stories = places.map { place in
            let stage = place.stage
            let flight = stage.promotion.map { "\($0.candidate.id) \($0.phase) \($0.waitingFor)" } ?? "nothing"
            return "\(stage.id): runs \(stage.running?.candidate.rendered ?? "nothing"), in flight \(flight), queued "
                + "\(stage.queued?.id ?? "nothing"), hold \(stage.hold?.reason ?? "none"), offered \(stage.offered)"
        }
        throw Broken(description: "does not converge to \(final):\n" + stories.joined(separator: "\n"))
    }

    /// Everybody does what there is to do.
    private mutating func round() throws {
        for position in places.indices {
            if places[position].branch == nil { places[position].branch = places[position].stage.running?.commit }
            try follow(position)
            if places[position].stage.hold != nil || places[position].stage.paused != nil {
                try send(.resumed(by: Actor(name: "Ada")), to: position)
            }
            try approve(position)
            try record(position)
            for index in places[position].clusters.indices { act(position, index) }
        }
        while !reports.isEmpty { try deliver() }
        now = now + .milliseconds(15_000)
        for position in places.indices { try send(.tick, to: position) }
    }

    private func isSettled(_ final: String) -> Bool {
        places.allSatisfy { place in
            place.stage.promotion == nil && place.stage.running?.candidate.rendered == final && place.stage.running?.verdict == .verified
                && place.branch == place.stage.running?.commit
                && place.clusters.allSatisfy { $0.hasLeft || $0.desired?.rendered == final && $0.actual?.state == .current }
        }
    }
}
