// SPDX-License-Identifier: Apache-2.0

import Manifests

/// The Pod Security Standards, as the admission plug-in of the same name applies them to namespaces labelled for it.
enum PodSecurity {
    enum Level: String {
        case privileged, baseline, restricted
    }

    /// A label's level and version, `restricted:latest`; `nil` where the namespace does not say or asks for nothing.
    struct Policy {
        let level: Level
        let version: String

        init?(_ namespace: Value, _ mode: String) {
            guard let text = namespace.labels["pod-security.kubernetes.io/\(mode)"]?.string, let level = Level(rawValue: text),
                level != .privileged
            else { return nil }
            self.level = level
            version = namespace.labels["pod-security.kubernetes.io/\(mode)-version"]?.string ?? "latest"
        }

        var text: String { "\(level.rawValue):\(version)" }
    }

    /// Where a kind has its pods' specification; `nil` for kinds without.
    static func podPath(_ type: ResourceType) -> [String]? {
        switch (type.group, type.kind) {
        case ("", "Pod"): ["spec"]
        case ("", "PodTemplate"): ["template", "spec"]
        case ("", "ReplicationController"), ("apps", "ReplicaSet"), ("apps", "Deployment"), ("apps", "DaemonSet"), ("apps", "StatefulSet"),
            ("batch", "Job"):
            ["spec", "template", "spec"]
        case ("batch", "CronJob"): ["spec", "jobTemplate", "spec", "template", "spec"]
        default: nil
        }
    }

    /// What a pod's specification violates, in the words of the plug-in; empty when it is allowed.
    static func violations(_ spec: Value, _ level: Level) -> [String] {
        let check = Check(spec)
        var found = [check.hostNamespaces, check.hostPorts, check.privileged, check.procMount, check.selinux, check.sysctls]
        if level == .baseline {
            found.insert(check.addedCapabilities, at: 0)
            found.insert(check.hostPaths, at: 2)
            found.insert(check.unconfined, at: found.count - 1)
        } else {
            found += [
                check.escalation, check.capabilities, check.volumeTypes, check.nonRoot, check.rootUser, check.seccomp,
            ]
        }
        return found.compactMap { $0 }
    }

    private struct Check {
        let spec: Value
        let containers: [Value]

        init(_ spec: Value) {
            self.spec = spec
            containers = ["initContainers", "containers", "ephemeralContainers"].flatMap { spec[$0]?.list ?? [] }
        }

        private func named(_ which: (Value) -> Bool) -> [String] { containers.filter(which).map { "\"\($0["name"]?.string ?? "")\"" } }

        /// `container "a"`, `containers "a", "b"`; `nil` for none.
        private func group(_ word: String, _ names: [String]) -> String? {
            names.isEmpty ? nil : "\(word)\(names.count == 1 ? "" : "s") \(names.joined(separator: ", "))"
        }

        private func setting(_ container: Value, _ path: String...) -> Value? { container["securityContext"]?.at(path: path) }

        var hostNamespaces: String? {
            let used = ["hostNetwork", "hostPID", "hostIPC"].filter { spec[$0]?.bool == true }
            return used.isEmpty ? nil : "host namespaces (\(used.map { "\($0)=true" }.joined(separator: ", ")))"
        }

        var hostPaths: String? {
            let names = (spec["volumes"]?.list ?? []).filter { $0["hostPath"] != nil }.map { "\"\($0["name"]?.string ?? "")\"" }
            return group("volume", names).map { "hostPath volumes (\($0))" }
        }

        var hostPorts: String? {
            func ports(_ container: Value) -> [Int64] {
                (container["ports"]?.list ?? []).compactMap { $0["hostPort"]?.int }.filter { $0 != 0 }
            }
            let using = named { !ports($0).isEmpty }
            let all = Set(containers.flatMap(ports)).sorted().map(String.init)
            return group("container", using).map {
                "hostPort (\($0) \(using.count == 1 ? "uses" : "use") hostPort\(all.count == 1 ? "" : "s") \(all.joined(separator: ", ")))"
            }
        }

        var privileged: String? {
            group("container", named { setting($0, "privileged")?.bool == true }).map {
                "privileged (\($0) must not set securityContext.privileged=true)"
            }
        }

        var procMount: String? {
            group("container", named { !["Default", ""].contains(setting($0, "procMount")?.string ?? "") }).map {
                "procMount (\($0) must not set securityContext.procMount to \"Unmasked\")"
            }
        }

        var selinux: String? {
            let allowed = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]
            func isBad(_ options: Value?) -> Bool {
                !allowed.contains(options?["type"]?.string ?? "") || !(options?["user"]?.string ?? "").isEmpty
                    || !(options?["role"]?.string ?? "").isEmpty
            }
            var setters = isBad(spec.at("securityContext", "seLinuxOptions")) ? ["pod"] : []
            if let group = group("container", named { isBad(setting($0, "seLinuxOptions")) }) { setters.append(group) }
            return setters.isEmpty
                ? nil : "seLinuxOptions (\(setters.joined(separator: " and ")) set forbidden securityContext.seLinuxOptions)"
        }

        private static let safeSysctls: Set<String> = [
            "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
            "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
            "net.ipv4.tcp_wmem",
        ]

        var sysctls: String? {
            let names = (spec.at("securityContext", "sysctls")?.list ?? []).compactMap { $0["name"]?.string }
            let bad = names.filter { !Self.safeSysctls.contains($0) }
            return bad.isEmpty ? nil : "forbidden sysctls (\(bad.joined(separator: ", ")))"
        }

        private static let defaultCapabilities: Set<String> = [
            "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
            "SETUID", "SYS_CHROOT",
        ]

        private func added(_ container: Value, beyond allowed: Set<String>) -> [String] {
            (setting(container, "capabilities", "add")?.list ?? []).compactMap(\.string).filter { !allowed.contains($0) }
        }

        private func quoted(_ names: some Sequence<String>) -> String { names.map { "\"\($0)\"" }.joined(separator: ", ") }

        var addedCapabilities: String? {
            let names = named { !added($0, beyond: Self.defaultCapabilities).isEmpty }
            let all = Set(containers.flatMap { added($0, beyond: Self.defaultCapabilities) }).sorted()
            return group("container", names).map {
                "non-default capabilities (\($0) must not include \(quoted(all)) in securityContext.capabilities.add)"
            }
        }

        var unconfined: String? {
            func isUnconfined(_ profile: Value?) -> Bool { profile?["type"]?.string == "Unconfined" }
            var setters = isUnconfined(spec.at("securityContext", "seccompProfile")) ? ["pod"] : []
            if let group = group("container", named { isUnconfined(setting($0, "seccompProfile")) }) { setters.append(group) }
            return setters.isEmpty
                ? nil
                : "seccompProfile (\(setters.joined(separator: " and ")) must not set securityContext.seccompProfile.type to \"Unconfined\")"
        }

        var escalation: String? {
            group("container", named { setting($0, "allowPrivilegeEscalation")?.bool != false }).map {
                "allowPrivilegeEscalation != false (\($0) must set securityContext.allowPrivilegeEscalation=false)"
            }
        }

        var capabilities: String? {
            let keeping = named { container in
                !(setting(container, "capabilities", "drop")?.list ?? []).contains { $0.string == "ALL" }
            }
            let allowed: Set<String> = ["NET_BIND_SERVICE"]
            let adding = named { !added($0, beyond: allowed).isEmpty }
            let all = Set(containers.flatMap { added($0, beyond: allowed) }).sorted()
            let parts = [
                group("container", keeping).map { "\($0) must set securityContext.capabilities.drop=[\"ALL\"]" },
                group("container", adding).map { "\($0) must not include \(quoted(all)) in securityContext.capabilities.add" },
            ].compactMap { $0 }
            return parts.isEmpty ? nil : "unrestricted capabilities (\(parts.joined(separator: "; ")))"
        }

        private static let plainVolumes: Set<String> = [
            "name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
        ]

        var volumeTypes: String? {
            var names: [String] = []
            var types: Set<String> = []
            for volume in spec["volumes"]?.list ?? [] {
                guard let bad = volume.map?.keys.first(where: { !Self.plainVolumes.contains($0) }) else { continue }
                names.append("\"\(volume["name"]?.string ?? "")\"")
                types.insert(bad)
            }
            return group("volume", names).map {
                "restricted volume types (\($0) \(names.count == 1 ? "uses" : "use") restricted volume type\(types.count == 1 ? "" : "s") \(quoted(types.sorted())))"
            }
        }

        var nonRoot: String? {
            let pod = spec.at("securityContext", "runAsNonRoot")?.bool
            let refusing = named { setting($0, "runAsNonRoot")?.bool == false }
            let silent = named { setting($0, "runAsNonRoot")?.bool == nil }
            var setters = pod == false && !silent.isEmpty ? ["pod"] : []
            if let group = group("container", refusing) { setters.append(group) }
            if !setters.isEmpty {
                return "runAsNonRoot != true (\(setters.joined(separator: " and ")) must not set securityContext.runAsNonRoot=false)"
            }
            if pod == true { return nil }
            return group("pod or container", silent).map { "runAsNonRoot != true (\($0) must set securityContext.runAsNonRoot=true)" }
        }

        var rootUser: String? {
            var setters = spec.at("securityContext", "runAsUser")?.int == 0 ? ["pod"] : []
            if let group = group("container", named { setting($0, "runAsUser")?.int == 0 }) { setters.append(group) }
            return setters.isEmpty ? nil : "runAsUser=0 (\(setters.joined(separator: " and ")) must not set runAsUser=0)"
        }

        var seccomp: String? {
            func isGood(_ profile: Value?) -> Bool { ["RuntimeDefault", "Localhost"].contains(profile?["type"]?.string ?? "") }
            let pod = spec.at("securityContext", "seccompProfile")
            let bad = named { setting($0, "seccompProfile", "type") != nil && !isGood(setting($0, "seccompProfile")) }
            let silent = named { setting($0, "seccompProfile", "type") == nil }
            let wanted = "securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""
            var setters = pod?["type"] != nil && !isGood(pod) ? ["pod"] : []
            if let group = group("container", bad) { setters.append(group) }
            if !setters.isEmpty { return "seccompProfile (\(setters.joined(separator: " and ")) must set \(wanted))" }
            if isGood(pod) { return nil }
            return group("pod or container", silent).map { "seccompProfile (\($0) must set \(wanted))" }
        }
    }
}

extension ClusterCore {
    /// Refuses pods that their namespace does not allow; warns of those and of templates of such.
    func admitSecurity(_ object: Value, _ context: inout Context) throws(StatusError) {
        let type = context.type
        guard type.isNamespaced, context.subresource == nil, let path = PodSecurity.podPath(type),
            let namespace = get(builtIn("namespaces"), "", context.namespace), let spec = object.at(path: path)
        else { return }
        func found(_ mode: String) -> (policy: PodSecurity.Policy, text: String)? {
            guard let policy = PodSecurity.Policy(namespace, mode) else { return nil }
            let violations = PodSecurity.violations(spec, policy.level)
            return violations.isEmpty ? nil : (policy, violations.joined(separator: ", "))
        }
        if type.kind == "Pod", let (policy, text) = found("enforce") {
            throw StatusError.forbidden(type, object.name, "violates PodSecurity \"\(policy.text)\": \(text)")
        }
        if let (policy, text) = found("warn") { context.warnings.append("would violate PodSecurity \"\(policy.text)\": \(text)") }
    }

    /// Warns of the pods that a namespace's new level would not let in.
    func warnOfPods(in namespace: Value, old: Value, _ context: inout Context) {
        guard let policy = PodSecurity.Policy(namespace, "enforce") else { return }
        if PodSecurity.Policy(old, "enforce")?.text == policy.text { return }
        var names: [String: [String]] = [:]
        for pod in store.list(pods.key, namespace: namespace.name) {
            let violations = PodSecurity.violations(pod["spec"] ?? [:], policy.level)
            if !violations.isEmpty { names[violations.joined(separator: ", "), default: []].append(pod.name) }
        }
        guard !names.isEmpty else { return }
        context.warnings.append(
            "existing pods in namespace \"\(namespace.name)\" violate the new PodSecurity enforce level \"\(policy.text)\"")
        for (violation, pods) in names.sorted(by: { $0.value[0] < $1.value[0] }) {
            let others = pods.count - 1
            let more = others == 0 ? "" : others == 1 ? " (and 1 other pod)" : " (and \(others) other pods)"
            context.warnings.append("\(pods[0])\(more): \(violation)")
        }
    }
}
