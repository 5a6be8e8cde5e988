// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import TLSTestServer
import Testing

@testable import FleetAgent

@Suite("Identity", .timeLimit(.minutes(3))) struct IdentityTests {
    @Test("An agent enrols with its token, is known by its certificate, and needs the token no more")
    func enrols() async throws {
        try await IdentityRig.run { rig in
            try await rig.withAgent { agent in
                await agent.client.identified.wait()
                try await agent.poll()
                #expect(rig.coordinator.heard.polls.map(\.name) == ["test-1"])
                #expect(agent.problem == "")
            }
            let before = rig.coordinator.heard.certificates
            Folder.remove("\(rig.folder.path)/token")
            try await rig.withAgent { agent in
                await agent.client.identified.wait()
                try await agent.poll()
            }
            #expect(rig.coordinator.count("enroll") == 1)
            #expect(rig.coordinator.heard.certificates == before)
            #expect(rig.log.lines.contains("enrolled"))
        }
    }

    @Test("Nobody but the agent's owner may read what is kept")
    func mode() async throws {
        try await IdentityRig.run { rig in
            try await rig.withAgent { agent in
                await agent.client.identified.wait()
                try await rig.until("it is kept") { try await agent.store.onDisk()?.held != nil }
            }
            #expect(try FileMode.of("\(rig.folder.path)/agent/identity") == 0o600)
        }
    }

    @Test("An answer that was lost is asked for again with the same key, which gets the same certificate")
    func lostAnswer() async throws {
        try await IdentityRig.run { rig in
            rig.coordinator.set { $0.losesAnswers = 1 }
            try await rig.withAgent { _ in
                await rig.coordinator.wait { $0.requests.count { $0.what == "enroll" } == 1 }
            }
            // The agent is another process by now.
            try await rig.withAgent { agent in
                await agent.client.identified.wait()
                try await agent.poll()
            }
            #expect(rig.coordinator.count("enroll", 200) == 1)
            #expect(rig.coordinator.heard.certificates.count == 1)
        }
    }

    @Test("An approval is waited for with the same key")
    func approval() async throws {
        try await IdentityRig.run { rig in
            rig.coordinator.set { $0.needsApproval = true }
            try await rig.withAgent { agent in
                await rig.coordinator.wait { $0.requests.count { $0.what == "enroll" } >= 1 }
                try await rig.until("it says so") { agent.problem.contains("flotilla cluster approve test-1") }
                #expect(!agent.client.isIdentified)
                rig.coordinator.set { $0.needsApproval = false }
                rig.time.jump(.seconds(2))
                await agent.client.identified.wait()
                try await agent.poll()
                #expect(agent.problem == "")
            }
            #expect(rig.coordinator.heard.keys.count == 1)
        }
    }

    @Test("A wrong token is said; another one in its place is used")
    func wrongToken() async throws {
        try await IdentityRig.run { rig in
            try rig.give("stale")
            try await rig.withAgent { agent in
                try await rig.until("it says so") { agent.problem.contains("does not accept this agent's enrolment token: no such token") }
                try rig.give("token-1")
                rig.time.jump(IdentityPlan.tokenPause)
                await agent.client.identified.wait()
            }
            #expect(!rig.log.lines.contains("token-1"))
        }
    }

    @Test("The coordinator must be known before a token is sent to it")
    func stranger() async throws {
        try await IdentityRig.run { rig in
            try Folder.write(Array(try TestAuthority().pem.utf8), to: "\(rig.folder.path)/ca.crt")
            try await rig.withAgent { agent in
                try await rig.until("it says so") { agent.problem.contains("not enrolled yet") }
            }
            #expect(rig.coordinator.heard.requests.isEmpty)
        }
    }

    @Test("A certificate is renewed well before its end, with its key; a poll on its way is not disturbed")
    func renews() async throws {
        try await IdentityRig.run { rig in
            try await rig.withAgent { agent in
                await agent.client.identified.wait()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await agent.poll(wait: 30) }
                    try await rig.until("the poll waits") { rig.coordinator.parked == 1 }
                    rig.time.jump(.seconds(50_400))
                    await rig.coordinator.wait { $0.certificates.count == 2 }
                    try await rig.until("it is kept") { try await rig.keeps(certificate: 1, agent) }
                    rig.coordinator.releasePolls()
                    try await group.waitForAll()
                }
                try await agent.poll()
                let (first, second) = (try rig.certificate(0), try rig.certificate(1))
                #expect(rig.coordinator.heard.polls == [first, second])
                #expect(first.publicKey == second.publicKey && first.serial != second.serial)
            }
        }
    }

    @Test("A renewal that fails is tried again, counted and said; the certificate serves until its end, and then a token is needed")
    func renewalFails() async throws {
        try await IdentityRig.run { rig in
            try await rig.withAgent { agent in
                await agent.client.identified.wait()
                rig.coordinator.set { $0.refusesRenewals = true }
                rig.time.jump(.seconds(50_400))
                try await rig.until("it says so") { agent.problem.contains("cannot be renewed") }
                rig.time.jump(.seconds(600))
                try await rig.until("it tries again") { agent.meter.counts.renewalFailures >= 2 }
                try await agent.poll()
                rig.time.jump(.seconds(50_400))
                try await rig.until("it has ended") { agent.problem.contains("has ended") }
                #expect(agent.problem.contains("flotilla cluster enroll test-1"))
                #expect(!agent.client.isIdentified)
                rig.coordinator.set { $0.tokens = ["token-2"] }
                try rig.give("token-2")
                rig.time.jump(IdentityPlan.tokenPause)
                await agent.client.identified.wait()
                try await agent.poll()
                #expect(try rig.certificate(0).publicKey != (try rig.certificate(1).publicKey))
            }
        }
    }

    @Test("Authorities are exchanged while agents work: first both are trusted, then the new one serves")
    func rotation() async throws {
        try await IdentityRig.run { rig in
            try await rig.withAgent { agent in
                await agent.client.identified.wait()
                let (old, new) = (rig.coordinator.authority, try TestAuthority(name: "New authority"))
                rig.coordinator.set { $0.told = [old, new] }
                rig.time.jump(.seconds(50_400))
                try await rig.until("the answer is kept") { try await rig.keeps(certificate: 1, agent) }
                try rig.coordinator.serve(by: new, accepting: [old, new])
                try await rig.until("the new one is known") { (try? await agent.poll()) != nil }
                rig.coordinator.set { $0.told = [new] }
                rig.time.jump(.seconds(50_400))
                try await rig.until("the answer is kept") { try await rig.keeps(certificate: 2, agent) }
                try rig.coordinator.serve(by: new, accepting: [new])
                try await rig.until("the new one is enough") { (try? await agent.poll()) != nil }
                #expect(rig.coordinator.heard.polls.last == (try rig.certificate(2)))
            }
        }
    }

    @Test("A revoked agent says so, and is somebody again with another token and another key")
    func revoked() async throws {
        try await IdentityRig.run { rig in
            try await rig.withAgent { agent in
                await agent.client.identified.wait()
                let first = try rig.certificate(0)
                rig.coordinator.set { $0.revoked = [first.serial] }
                let error = await #expect(throws: CoordinatorError.self) { try await agent.poll() }
                #expect(error?.refusesIdentity == true && error?.isSlow == true)
                await agent.keeper.heard(try #require(error))
                #expect(agent.meter.counts.isRefused)
                #expect(agent.problem.contains("this certificate was revoked"))
                #expect(agent.problem.contains("flotilla cluster enroll test-1"))
                rig.coordinator.set { $0.tokens = ["token-2"] }
                try rig.give("token-2")
                rig.time.jump(IdentityPlan.tokenPause)
                await rig.coordinator.wait { $0.certificates.count == 2 }
                try await rig.until("it is accepted") { (try? await agent.poll()) != nil }
                #expect(!agent.meter.counts.isRefused)
                #expect(rig.coordinator.heard.polls.last?.publicKey != first.publicKey)
            }
        }
    }

    @Test("A refusal that was a mistake ends when the coordinator answers again")
    func pardoned() async throws {
        try await IdentityRig.run { rig in
            try await rig.withAgent { agent in
                await agent.client.identified.wait()
                await agent.keeper.heard(CoordinatorError(status: 403, message: "no"))
                #expect(agent.meter.counts.isRefused)
                // The token is still there, and spent.
                rig.time.jump(IdentityPlan.tokenPause)
                try await agent.poll()
                await agent.keeper.accepted()
                #expect(!agent.meter.counts.isRefused && agent.problem == "")
            }
            #expect(rig.coordinator.count("enroll") == 1)
        }
    }
}

extension IdentityRig {
    /// What the coordinator has issued.
    func certificate(_ index: Int) throws -> ShownCertificate { try ShownCertificate(pem: coordinator.heard.certificates[index]) }

    func keeps(certificate index: Int, _ agent: Agent) async throws -> Bool {
        let issued = coordinator.heard.certificates
        guard issued.count > index else { return false }
        return try await agent.store.onDisk()?.held?.issued.certificate == issued[index]
    }
}
