// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTransport
import KubernetesAPI
import Testing

@Suite("Kubeconfig") struct KubeconfigTests {
    private static let text = """
        apiVersion: v1
        kind: Config
        current-context: staging
        clusters:
          - name: one
            cluster:
              server: https://one.example:6443/
              certificate-authority-data: Q0E=
              tls-server-name: api.internal
          - name: two
            cluster: {server: "https://two.example", insecure-skip-tls-verify: true, certificate-authority: certificates/ca.pem}
          - name: proxied
            cluster: {server: "https://three.example", proxy-url: "http://secret@proxy"}
          - name: odd
            cluster: {server: "ssh://secret@four.example"}
          - name: empty
            cluster: {}
        users:
          - name: certificate
            user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
          - name: token
            user: {token: sesame}
          - name: file
            user: {token: old, tokenFile: token, as: deputy, as-groups: [a, b]}
          - name: exec
            user: {exec: {command: aws}}
          - name: password
            user: {username: admin, password: hunter2}
          - name: broken
            user: {client-certificate-data: "***secret***"}
        contexts:
          - {name: staging, context: {cluster: one, user: certificate, namespace: shop}}
          - {name: token, context: {cluster: one, user: token}}
          - {name: file, context: {cluster: two, user: file}}
          - {name: nobody, context: {cluster: one}}
          - {name: exec, context: {cluster: one, user: exec}}
          - {name: password, context: {cluster: one, user: password}}
          - {name: broken, context: {cluster: one, user: broken}}
          - {name: proxied, context: {cluster: proxied, user: token}}
          - {name: odd, context: {cluster: odd, user: token}}
          - {name: empty, context: {cluster: empty, user: token}}
          - {name: lost, context: {cluster: nowhere, user: token}}
        """

    private func read(_ context: String?, folder: String = "/nowhere") throws -> ClusterConnection {
        try ClusterConnection(kubeconfig: Array(Self.text.utf8), folder: folder, context: context)
    }

    @Test("reads the current context, its cluster and its user") func current() throws {
        let connection = try read(nil)
        #expect(connection.server == "https://one.example:6443")
        #expect(connection.trust.certificateAuthority == Array("CA".utf8))
        #expect(connection.trust.clientCertificate == Array("CERT".utf8))
        #expect(connection.trust.clientKey == Array("KEY".utf8))
        #expect(connection.trust.serverName == "api.internal")
        #expect(connection.trust.insecureSkipVerify == false)
        #expect(connection.credential == .none)
        #expect(connection.namespace == "shop")
        #expect(connection.description == "https://one.example:6443 (client certificate)")
    }

    @Test("tokens, and users that are nobody") func tokens() throws {
        #expect(try read("token").credential == .token("sesame"))
        #expect(try read("token").description.contains("sesame") == false)
        #expect(try read("nobody").credential == .none)
        #expect(try read("nobody").namespace == "default")
    }

    @Test("files are found from the kubeconfig's folder, and a token file comes before a token") func files() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: "\(folder)/certificates", withIntermediateDirectories: false)
            try Data("PEM".utf8).write(to: URL(fileURLWithPath: "\(folder)/certificates/ca.pem"))
            try Data(Self.text.utf8).write(to: URL(fileURLWithPath: "\(folder)/config"))
            let connection = try ClusterConnection(kubeconfigPath: "\(folder)/config", context: "file")
            #expect(connection.trust.certificateAuthority == Array("PEM".utf8))
            #expect(connection.trust.insecureSkipVerify)
            #expect(connection.credential == .tokenFile("\(folder)/token"))
            #expect(connection.impersonation == Impersonation(user: "deputy", groups: ["a", "b"]))
        }
    }

    @Test(
        "says what is missing or not supported, and shows no secret",
        arguments: [
            ("absent", ConnectionError.Code.missing, "kubeconfig has no context 'absent': it has 'staging', 'token'"),
            ("lost", .missing, "kubeconfig has no cluster 'nowhere'"), ("empty", .missing, "cluster 'empty' has no server"),
            ("odd", .malformed, "no http(s) URL: ssh://four.example"), ("proxied", .unsupported, "proxy-url"),
            ("exec", .unsupported, "user 'exec' uses 'exec'"), ("password", .unsupported, "'username'"),
            ("broken", .malformed, "client-certificate-data of user 'broken' is not base64"),
            ("file", .unreadableFile, "cannot read /nowhere/certificates/ca.pem: No such file"),
        ])
    func mistakes(_ context: String, _ code: ConnectionError.Code, _ text: String) throws {
        let error = try #require(throws: ConnectionError.self) { try read(context) }
        #expect(error.code == code)
        #expect(error.message.contains(text), "\(error.message)")
        #expect(!error.message.contains("secret") && !error.message.contains("hunter2"))
    }

    @Test("a malformed file is named with line and column") func malformed() throws {
        let error = try #require(throws: ConnectionError.self) {
            try ClusterConnection(kubeconfig: Array("a: [b".utf8), folder: "/", name: "/etc/config")
        }
        #expect(error.message.hasPrefix("/etc/config:1:") || error.message.hasPrefix("/etc/config:2:"), "\(error.message)")
    }
}

@Suite("In-cluster connection") struct InClusterTests {
    private func environment(_ name: String) -> String? {
        ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"][name]
    }

    @Test("reads what Kubernetes mounts into a pod") func mounted() throws {
        try withTemporaryFolder { folder in
            for (name, text) in [("ca.crt", "CA"), ("token", "abc"), ("namespace", "flotilla-system\n")] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            let connection = try ClusterConnection.inCluster(folder: folder, environment: environment)
            #expect(connection.server == "https://[fd00::1]:443")
            #expect(connection.trust.certificateAuthority == Array("CA".utf8))
            #expect(connection.credential == .tokenFile("\(folder)/token"))
            #expect(connection.namespace == "flotilla-system")
        }
    }

    @Test("says that this is no pod") func outside() throws {
        let noVariables = try #require(throws: ConnectionError.self) { try ClusterConnection.inCluster(environment: { _ in nil }) }
        #expect(noVariables.code == .notInCluster)
        let noToken = try #require(throws: ConnectionError.self) {
            try ClusterConnection.inCluster(folder: "/nowhere", environment: environment)
        }
        #expect(noToken.code == .notInCluster)
    }
}

@Suite("Base64") struct Base64Tests {
    @Test("agrees with RFC 4648 §10", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9v\nYmFy\n")])
    func vectors(_ plain: String, _ encoded: String) { #expect(Base64.decode(encoded) == Array(plain.utf8)) }

    @Test("refuses what is not base64", arguments: ["Z", "Zg", "Zg=", "Zg==Zg==", "Zm9-", "=", "Zm8=="])
    func refused(_ text: String) { #expect(Base64.decode(text) == nil) }
}

/// Runs `body` with a folder that is removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = NSTemporaryDirectory() + "flotilla-kubernetes-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}
