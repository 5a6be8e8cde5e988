// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import HTTPTypes
import Manifests

/// How an agent comes by its certificates: `/agent/v1/enroll` and `/agent/v1/renew`.
struct EnrolmentRoutes: Sendable {
    let enrolment: AgentEnrolment

    static let bodyMax = 24 << 10

    func add(to table: inout RouteTable) {
        table.post(
            "/agent/v1/enroll", .enrolment, "Gives an agent its first certificate for a one-time token", bodyMax: Self.bodyMax,
            answer: .object("CertificateAnswer")
        ) { call in
            try await AgentRoutes.versioned(call) { value in
                try await enrolment.enroll(EnrolmentRequest(json: value), address: call.address).json
            }
        }
        table.post(
            "/agent/v1/renew", .agent, "Gives an agent its next certificate for the key that it has", bodyMax: Self.bodyMax,
            answer: .object("CertificateAnswer")
        ) { call in
            try await AgentRoutes.versioned(call) { value in
                try await enrolment.renew(RenewalRequest(json: value), of: call.agent(), address: call.address).json
            }
        }
    }
}
