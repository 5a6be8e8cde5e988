// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Manifests of the shape that people write: a Deployment, its Service and its ConfigMap, over and over, each with its own names.
enum SampleManifests {
    /// A YAML stream of at least `bytes` bytes.
    static func yaml(bytes: Int) -> [UInt8] {
        var text = ""
        var index = 0
        while text.utf8.count < bytes {
            text += deployment(index) + "---\n" + service(index) + "---\n" + configMap(index) + "---\n"
            index += 1
        }
        return Array(text.utf8)
    }

    /// One JSON document, a `List` as `kubectl get -o json` prints it, of about `bytes` bytes.
    static func json(bytes: Int) throws -> [UInt8] {
        let documents = try YAML.documents(yaml(bytes: bytes * 4 / 3))
        return JSON.write(["apiVersion": "v1", "kind": "List", "items": .list(documents.filter { !$0.isNull })])
    }

    static func deployment(_ index: Int, namespace: String? = "shop", image: String = "registry.example/shop/web:1.4.2") -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web-\(index)\(namespace.map { "\n  namespace: \($0)" } ?? "")
          labels:
            app.kubernetes.io/name: web-\(index)
            app.kubernetes.io/part-of: shop
            app.kubernetes.io/version: "1.4.\(index % 10)"
          annotations:
            prometheus.io/scrape: "true"
            description: 'Serves the pages of the shop; see the run book for part \(index)'
        spec:
          replicas: \(index % 5 + 1)
          selector:
            matchLabels:
              app.kubernetes.io/name: web-\(index)
          template:
            metadata:
              labels:
                app.kubernetes.io/name: web-\(index)
                app.kubernetes.io/part-of: shop
            spec:
              securityContext:
                runAsNonRoot: true
                runAsUser: 10001
              containers:
              - name: web
                image: \(image)
                args: ["--port", "8080", "--verbose"]
                ports:
                - name: http
                  containerPort: 8080
                  protocol: TCP
                env:
                - name: LOG_LEVEL
                  value: info
                - name: SHARD
                  value: "\(index)"
                readinessProbe:
                  httpGet:
                    path: /healthz
                    port: http
                  periodSeconds: 5
                resources:
                  requests:
                    cpu: 50m
                    memory: 64Mi
                  limits:
                    memory: 128Mi

        """
    }

    static func service(_ index: Int, namespace: String? = "shop") -> String {
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: web-\(index)\(namespace.map { "\n  namespace: \($0)" } ?? "")
          labels:
            app.kubernetes.io/name: web-\(index)
        spec:
          selector:
            app.kubernetes.io/name: web-\(index)
          ports:
          - name: http
            port: 80
            targetPort: http

        """
    }

    static func configMap(_ index: Int, namespace: String? = "shop") -> String {
        """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web-\(index)\(namespace.map { "\n  namespace: \($0)" } ?? "")
        data:
          LOG_LEVEL: info
          PORT: "8080"
          currency: EUR
          pages.yaml: |
            # What the front page shows.
            title: Shop \(index)
            pageSize: 24
            sections:
            - offers
            - news

        """
    }
}
