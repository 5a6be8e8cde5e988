// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTransport
import Manifests

/// Somebody with a kubeconfig who changes a cluster by hand, as `kubectl` would.
struct ManualEdit {
    let server: String
    private let token: String
    private let http: HTTPClient

    init(kubeconfig path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let file = try YAML.documents(Array(text.utf8)).first,
            let cluster = file["clusters"]?[0]?["cluster"], let server = cluster["server"]?.string,
            let token = file["users"]?[0]?.at("user", "token")?.string
        else { throw Program.Failure(description: "\(path): not a kubeconfig with a token") }
        self.server = server
        self.token = token
        var trust = TrustSettings.system
        if let encoded = cluster["certificate-authority-data"]?.string, let authority = Data(base64Encoded: encoded) {
            trust = TrustSettings(certificateAuthority: Array(authority))
        }
        http = HTTPClient(configuration: HTTPClient.Configuration(userAgent: "kubectl/v1.36.0", trust: trust))
    }

    /// Changes how many replicas the workload at `path` is to have.
    func scale(_ path: String, to replicas: Int64) async throws {
        var request = HTTPRequest(method: "PATCH", url: "\(server)\(path)?fieldManager=kubectl-edit")
        request.headers = [("Authorization", "Bearer \(token)"), ("Content-Type", "application/merge-patch+json")]
        request.body = JSON.write(["spec": ["replicas": .int(replicas)]])
        let response = try await http.send(request)
        await http.shutdown()
        guard response.status == 200 else {
            throw Program.Failure(description: "PATCH \(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
    }
}
