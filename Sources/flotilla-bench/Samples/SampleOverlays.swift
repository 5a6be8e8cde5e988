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

    /// A base of `count` objects less one, and an overlay of it (`overlay`) that does a little of everything: names, a namespace, labels in
    /// selectors, images, replicas, patches of both kinds, and a generated ConfigMap with a hash in its name that every Deployment refers to.
    static func large(count: Int) -> [String: [UInt8]] {
        var files: [String: String] = [:]
        var resources = ""
        for index in 0..<count - 1 {
            let name = "object-\(index).yaml"
            resources += "- \(name)\n"
            files["base/\(name)"] =
                switch index % 3 {
                case 0: SampleManifests.deployment(index, namespace: nil)
                case 1: SampleManifests.service(index, namespace: nil)
                default: SampleManifests.configMap(index, namespace: nil)
                }
        }
        files["base/kustomization.yaml"] = "resources:\n" + resources
        files["overlay/kustomization.yaml"] = """
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            namespace: shop
            namePrefix: eu-
            labels:
            - pairs:
                region: eu
              includeSelectors: true
            commonAnnotations:
              owner: web
            resources:
            - ../base
            images:
            - name: registry.example/shop/web
              newTag: 1.5.0
            replicas:
            - name: web-0
              count: 7
            configMapGenerator:
            - name: settings
              literals:
              - REGION=eu
              - CURRENCY=EUR
            patches:
            - path: settings.yaml
              target:
                kind: Deployment
            - target:
                kind: Service
                name: web-.*
              patch: |
                - op: add
                  path: /spec/sessionAffinity
                  value: ClientIP

            """
        files["overlay/settings.yaml"] = """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: any
            spec:
              template:
                spec:
                  containers:
                  - name: web
                    envFrom:
                    - configMapRef:
                        name: settings

            """
        return files.mapValues { Array($0.utf8) }
    }
}
