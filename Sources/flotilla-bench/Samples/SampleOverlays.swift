// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Kustomize folders that are generated, so that the same bytes reach every engine.
enum SampleOverlays {
    /// One base of three objects and `count` overlays of it (`overlays/0`, …), each with a namespace, an image, replicas and a patch.
    static func small(count: Int) -> [String: [UInt8]] {
        var files: [String: String] = [
            "base/kustomization.yaml": "resources:\n- deployment.yaml\n- service.yaml\n- configmap.yaml\n",
            "base/deployment.yaml": SampleManifests.deployment(0, namespace: nil),
            "base/service.yaml": SampleManifests.service(0, namespace: nil),
            "base/configmap.yaml": SampleManifests.configMap(0, namespace: nil),
        ]
        for index in 0..<count {
            files["overlays/\(index)/kustomization.yaml"] = """
                apiVersion: kustomize.config.k8s.io/v1beta1
                kind: Kustomization
                namespace: shop-\(index)
                resources:
                - ../../base
                images:
                - name: registry.example/shop/web
                  newTag: 1.5.\(index)
                replicas:
                - name: web-0
                  count: \(index % 7 + 1)
                patches:
                - path: resources.yaml

                """
            files["overlays/\(index)/resources.yaml"] = """
                apiVersion: apps/v1
                kind: Deployment
                metadata:
                  name: web-0
                spec:
                  template:
                    spec:
                      containers:
                      - name: web
                        resources:
                          limits:
                            memory: \(128 + index)Mi

                """
        }
        return files.mapValues { Array($0.utf8) }
    }

    /// One kustomization (`large`) of `count` objects in as many files, with a namespace and an image.
    static func large(count: Int) -> [String: [UInt8]] {
        var files: [String: String] = [:]
        var resources = ""
        for index in 0..<count {
            let name = "object-\(index).yaml"
            resources += "- \(name)\n"
            files["large/\(name)"] =
                switch index % 3 {
                case 0: SampleManifests.deployment(index, namespace: nil)
                case 1: SampleManifests.service(index, namespace: nil)
                default: SampleManifests.configMap(index, namespace: nil)
                }
        }
        files["large/kustomization.yaml"] = """
            namespace: shop
            images:
            - name: registry.example/shop/web
              newTag: 1.5.0
            resources:
            \(resources)
            """
        return files.mapValues { Array($0.utf8) }
    }
}
