// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@testable import FleetAgent

@Suite struct HealthDampingTests {
    @Test("The first changes are told at once, further ones now and then, and all of them again when it is quiet")
    func damping() {
        var damping = HealthDamping()
        func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }
        for second in 0..<Int64(HealthDamping.freeChanges) {
            #expect(damping.wait(at: at(second)) == nil)
            damping.told(at: at(second))
        }
        #expect(damping.wait(at: at(6)) == at(15))
        #expect(damping.wait(at: at(14)) == at(15))
        #expect(damping.wait(at: at(15)) == nil)
        damping.told(at: at(15))
        #expect(damping.wait(at: at(16)) == at(25))
        #expect(damping.wait(at: at(80)) == nil)
        damping.told(at: at(80))
        #expect(damping.wait(at: at(81)) == nil)
    }

    @Test("A clock that steps back does not silence anything")
    func clockStep() {
        var damping = HealthDamping()
        for second in 100..<Int64(100 + HealthDamping.freeChanges) { damping.told(at: Timestamp(seconds: second)) }
        #expect(damping.wait(at: Timestamp(seconds: 5)) == nil)
    }
}
