// SPDX-License-Identifier: Apache-2.0
import AgentProtocol
import Manifests
import Testing

@Suite struct EnrolmentTests {
    @Test("Requests and answers are read back as they were")
    func roundTrip() throws {
        let enrolment = EnrolmentRequest(token: "t", certificateRequest: "-----BEGIN", instance: "i")
        #expect(try EnrolmentRequest(json: JSON.read(JSON.write(enrolment.json))) == enrolment)
        let renewal = RenewalRequest(certificateRequest: "-----BEGIN")
        #expect(try RenewalRequest(json: JSON.read(JSON.write(renewal.json))) == renewal)
        let issued = IssuedCertificate(
            certificate: "c", authorities: "a", renewAfter: Timestamp(seconds: 1_790_000_000), expires: Timestamp(seconds: 1_790_086_400))
        for answer in [CertificateAnswer.pending(retrySeconds: 5), .issued(issued)] {
            #expect(try CertificateAnswer(json: JSON.read(JSON.write(answer.json))) == answer)
        }
        let poll = PollResponse(tasks: [], rival: "another")
        #expect(try PollResponse(json: JSON.read(JSON.write(poll.json))).rival == "another")
    }

    @Test("What is too long, missing or of another kind is refused")
    func refused() {
        let long = String(repeating: "x", count: IssuedCertificate.bytesMax + 1)
        #expect(throws: ShapeError.self) {
            try EnrolmentRequest(json: EnrolmentRequest(token: long, certificateRequest: "", instance: "").json)
        }
        #expect(throws: ShapeError.self) { try RenewalRequest(json: RenewalRequest(certificateRequest: long).json) }
        #expect(throws: ShapeError.self) { try CertificateAnswer(json: ["state": "granted"]) }
        #expect(throws: ShapeError.self) { try CertificateAnswer(json: ["state": "issued", "certificate": "c"]) }
    }
}
