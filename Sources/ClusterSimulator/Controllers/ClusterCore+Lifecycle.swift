// SPDX-License-Identifier: Apache-2.0

import Manifests

// What a new cluster holds, and the life of its namespaces.
extension ClusterCore {
    /// What a new cluster holds.
    func bootstrap() {
        let namespaces = builtIn("namespaces")
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] where get(namespaces, "", name) == nil {
            _ = createAsController(namespaces, ["metadata": ["name": .string(name)]])
            if !behaviour.runsControllers { furnish(name) }
        }
        let nodes = builtIn("nodes")
        for index in 1...specification.nodes where get(nodes, "", "node-\(index)") == nil {
            let name = "node-\(index)"
            var labels: Map = [
                "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": .string(name), "kubernetes.io/os": "linux",
                "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
            ]
            for (key, value) in specification.nodeLabels.sorted(by: { $0.key < $1.key }) { labels[key] = .string(value) }
            guard case .success(let node) = createAsController(nodes, ["metadata": ["name": .string(name), "labels": .map(labels)]]) else {
                continue
            }
            let amounts: Value = ["cpu": "8", "memory": "32Gi", "pods": "110"]
            let condition: Value = [
                "type": "Ready", "status": "True", "lastHeartbeatTime": .string(stamp), "lastTransitionTime": .string(stamp),
                "reason": "KubeletReady", "message": "kubelet is posting ready status",
            ]
            writeStatus(
                nodes, node,
                [
                    "capacity": amounts, "allocatable": amounts, "conditions": [condition],
                    "addresses": [["type": "InternalIP", "address": "127.0.0.1"], ["type": "Hostname", "address": .string(name)]],
                    "nodeInfo": [
                        "kubeletVersion": "v1.36.2", "kubeProxyVersion": "", "architecture": "amd64", "operatingSystem": "linux",
                        "containerRuntimeVersion": "simulated://1", "osImage": "simulated", "kernelVersion": "6.12",
                    ],
                ])
        }
        if get(builtIn("services"), "default", "kubernetes") == nil {
            _ = createAsController(
                builtIn("services"),
                [
                    "metadata": [
                        "name": "kubernetes", "namespace": "default", "labels": ["component": "apiserver", "provider": "kubernetes"],
                    ],
                    "spec": ["clusterIP": "10.96.0.1", "ports": [["name": "https", "port": 443, "targetPort": 6443]]],
                ])
        }
        let classes = builtIn("storageclasses", group: "storage.k8s.io")
        if behaviour.hasDefaultStorageClass, get(classes, "", "standard") == nil {
            _ = createAsController(
                classes,
                [
                    "metadata": ["name": "standard", "annotations": ["storageclass.kubernetes.io/is-default-class": "true"]],
                    "provisioner": "simulated.flotilla.dev/volume",
                ])
        }
        makeRoles()
        settle()
    }

    /// The roles that every cluster has: the administrator's, and what anybody may ask.
    private func makeRoles() {
        let roles = builtIn("clusterroles", group: "rbac.authorization.k8s.io")
        let bindings = builtIn("clusterrolebindings", group: "rbac.authorization.k8s.io")
        func urls(_ paths: [String]) -> Value { ["nonResourceURLs": .list(paths.map { .string($0) }), "verbs": ["get"]] }
        func creates(_ group: String, _ resources: [String]) -> Value {
            ["apiGroups": [.string(group)], "resources": .list(resources.map { .string($0) }), "verbs": ["create"]]
        }
        let everyone = ["system:authenticated"]
        let standard: [(name: String, groups: [String], rules: [Value])] = [
            ("cluster-admin", ["system:masters"], [["apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]], urls(["*"])]),
            (
                "system:basic-user", everyone,
                [
                    creates("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
                    creates("authentication.k8s.io", ["selfsubjectreviews"]),
                ]
            ),
            (
                "system:discovery", everyone,
                [
                    urls([
                        "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version",
                        "/version/",
                    ])
                ]
            ),
            (
                "system:public-info-viewer", everyone + ["system:unauthenticated"],
                [urls(["/healthz", "/livez", "/readyz", "/version", "/version/"])]
            ),
            (
                "system:service-account-issuer-discovery", ["system:serviceaccounts"],
                [
                    urls([
                        "/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/",
                    ])
                ]
            ),
        ]
        for role in standard where get(roles, "", role.name) == nil {
            _ = createAsController(roles, ["metadata": ["name": .string(role.name)], "rules": .list(role.rules)])
            _ = createAsController(
                bindings,
                [
                    "metadata": ["name": .string(role.name)], "roleRef": ["kind": "ClusterRole", "name": .string(role.name)],
                    "subjects": .list(role.groups.map { ["kind": "Group", "name": .string($0)] }),
                ])
        }
    }

    // MARK: - Namespaces

    func reconcileNamespace(_ name: String) {
        let namespaces = builtIn("namespaces")
        guard let namespace = get(namespaces, "", name) else {
            namespacesDue[name] = nil
            return
        }
        if namespace.isTerminating {
            guard let due = namespacesDue[name] else {
                namespacesDue[name] = now + behaviour.namespaceDelay
                return after(behaviour.namespaceDelay, .namespace(name))
            }
            guard now >= due else { return }
            if faults.stuckNamespaces.contains(name) || faults.stuckNamespaces.contains("*") { return stick(namespace, namespaces) }
            return empty(namespace, namespaces)
        }
        furnish(name)
    }

    /// Every namespace has a service account and the cluster's certificate authority.
    private func furnish(_ name: String) {
        let maps = builtIn("configmaps")
        if get(maps, name, "kube-root-ca.crt") == nil {
            _ = createAsController(
                maps,
                [
                    "metadata": [
                        "name": "kube-root-ca.crt", "namespace": .string(name),
                        "annotations": [
                            "kubernetes.io/description":
                                "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
                        ],
                    ],
                    "data": ["ca.crt": .string(Self.certificate)],
                ])
        }
        let accounts = builtIn("serviceaccounts")
        if get(accounts, name, "default") == nil {
            _ = createAsController(accounts, ["metadata": ["name": "default", "namespace": .string(name)]])
        }
    }

    /// A certificate authority that signs nothing: clients only want to see one.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBPjCB8aADAgECAhQtompfmSHXUwFqm1yfxqpYcg9RhzAFBgMrZXAwFDESMBAG
        A1UEAwwJc2ltdWxhdGVkMCAXDTI2MTEyMTEyMTYwOVoYDzIxMjYxMDI4MTIxNjA5
        WjAUMRIwEAYDVQQDDAlzaW11bGF0ZWQwKjAFBgMrZXADIQCeg/hMz5TsNswZAHLB
        Ydckwsms25AR1Pv/Vo/QN6SVzaNTMFEwHQYDVR0OBBYEFKzasV1IvR1HAUMp72Qm
        5rig5NH9MB8GA1UdIwQYMBaAFKzasV1IvR1HAUMp72Qm5rig5NH9MA8GA1UdEwEB
        /wQFMAMBAf8wBQYDK2VwA0EAxDf669KvWWjxzOs4G/dJWbrzB4KX06l3M5uRJ/zu
        WJOvVR2lHAOTlScgvn1r1nX1/xkQFcDtow3qMWMKEjlCCA==
        -----END CERTIFICATE-----

        """

    /// A namespace whose contents cannot be told because an aggregated API does not answer.
    private func stick(_ namespace: Value, _ namespaces: ResourceType) {
        var status = namespace["status"] ?? [:]
        let message =
            "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1"
        var conditions = status["conditions"]?.list ?? []
        if conditions.contains(where: { $0["type"] == "NamespaceDeletionDiscoveryFailure" && $0["status"] == "True" }) { return }
        conditions.removeAll { $0["type"] == "NamespaceDeletionDiscoveryFailure" }
        conditions.append([
            "type": "NamespaceDeletionDiscoveryFailure", "status": "True", "lastTransitionTime": .string(stamp),
            "reason": "DiscoveryFailed",
            "message": .string(message),
        ])
        status["conditions"] = .list(conditions)
        writeStatus(namespaces, namespace, status)
    }

    /// Deletes what is in a terminating namespace; lets it go when it is empty.
    private func empty(_ namespace: Value, _ namespaces: ResourceType) {
        let name = namespace.name
        var left: [(type: ResourceType, count: Int)] = []
        var finalizers: [String: Int] = [:]
        for type in storedTypes where type.isNamespaced {
            for object in store.list(type.key, namespace: name) where !object.isTerminating {
                var options = DeleteOptions()
                options.propagation = .background
                options.gracePeriod = 0
                _ = delete(object, type, options)
            }
            let remaining = store.list(type.key, namespace: name)
            if !remaining.isEmpty { left.append((type, remaining.count)) }
            for object in remaining { for finalizer in object.finalizers { finalizers[finalizer, default: 0] += 1 } }
        }
        guard let live = get(namespaces, "", name) else { return }
        if left.isEmpty {
            var last = live
            last.set(nil, "spec", "finalizers")
            erase(namespaces, Codec.encode(last, namespaces.shape))
            return
        }
        var conditions: [Value] = live.at("status", "conditions")?.list ?? []
        func put(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) {
            let status = isTrue ? "True" : "False"
            let index = conditions.firstIndex { $0["type"]?.string == type }
            let old = index.map { conditions[$0] }
            if old?["status"]?.string == status, old?["message"]?.string == message { return }
            let condition: Value = [
                "type": .string(type), "status": .string(status),
                "lastTransitionTime": old?["status"]?.string == status ? old?["lastTransitionTime"] ?? .string(stamp) : .string(stamp),
                "reason": .string(reason), "message": .string(message),
            ]
            if let index { conditions[index] = condition } else { conditions.append(condition) }
        }
        put("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered")
        put(
            "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed")
        put(
            "NamespaceDeletionContentFailure", false, "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization")
        let resources = left.sorted { $0.type.qualified < $1.type.qualified }.map { item -> String in
            "\(item.type.plural).\(item.type.group) has \(item.count) resource instances"
        }
        put("NamespaceContentRemaining", true, "SomeResourcesRemain", "Some resources are remaining: \(resources.joined(separator: ", "))")
        if finalizers.isEmpty {
            put("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished")
        } else {
            let list = finalizers.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value) resource instances" }
            put(
                "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
                "Some content in the namespace has finalizers remaining: \(list.joined(separator: ", "))")
        }
        var status = live["status"] ?? [:]
        status["conditions"] = .list(conditions)
        writeStatus(namespaces, live, status)
    }
}
