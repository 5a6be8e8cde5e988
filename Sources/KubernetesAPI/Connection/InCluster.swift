// SPDX-License-Identifier: Apache-2.0
import Glibc
import HTTPTransport

extension ClusterConnection {
    /// Where Kubernetes mounts a pod's service account.
    package static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The connection of a pod to its own cluster, by the files and variables that Kubernetes gives it.
    ///
    /// The token is read again whenever its file changes.
    /// - Throws: `ConnectionError` with code `notInCluster` outside a pod.
    package static func inCluster(
        folder: String = serviceAccountFolder, environment: (String) -> String? = Self.variable
    ) throws(ConnectionError) -> ClusterConnection {
        guard let host = environment("KUBERNETES_SERVICE_HOST"), let port = environment("KUBERNETES_SERVICE_PORT"), !host.isEmpty,
            UInt16(port) != nil
        else {
            throw ConnectionError(
                .notInCluster, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod; use a kubeconfig")
        }
        let token = "\(folder)/token"
        guard SmallFile.stamp(token) != nil else {
            throw ConnectionError(
                .notInCluster, "\(token) does not exist: the pod has no service account token (automountServiceAccountToken: false?)")
        }
        let authority = try SmallFile.read("\(folder)/ca.crt").bytes
        let namespace = try? SmallFile.read("\(folder)/namespace").bytes
        var connection = ClusterConnection(
            server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)", trust: TrustSettings(certificateAuthority: authority),
            credential: .tokenFile(token),
            namespace: namespace.map { String(decoding: $0.filter { $0 > 32 }, as: UTF8.self) } ?? "default")
        connection.trustFiles.certificateAuthority = "\(folder)/ca.crt"
        return connection
    }

    /// A variable of the process's environment.
    package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
