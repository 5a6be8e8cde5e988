// SPDX-License-Identifier: Apache-2.0

import Manifests

/// Objects as some messages print them: Go's internal types, with every field under its Go name, the empty ones too.
enum InternalForm {
    /// A pod template; its metadata reads as in JSON.
    static func template(_ template: Value) -> Value {
        var map = template["metadata"]?.map ?? Map()
        map["Spec"] = podSpec(template["spec"] ?? [:])
        return .map(map)
    }

    static func podSpec(_ spec: Value) -> Value {
        // What the public type has beside the security context, the internal one has in it.
        var given = spec
        for field in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"] {
            guard let value = spec[field] else { continue }
            given.set(value, "securityContext", field)
        }
        return structure(given, "PodSpec")
    }

    static func claimSpec(_ spec: Value) -> Value { structure(spec, "PersistentVolumeClaimSpec") }

    /// The change from one to the other as a unified diff of their indented texts, three lines around each difference.
    static func difference(_ old: Value, _ new: Value) -> String {
        var before: [String] = []
        var after: [String] = []
        lines(old, "", "", "", &before)
        lines(new, "", "", "", &after)
        return UnifiedDiff.text(before, after)
    }

    private static func lines(_ value: Value, _ indent: String, _ prefix: String, _ comma: String, _ result: inout [String]) {
        switch value {
        case .map(let map) where !map.isEmpty:
            result.append("\(indent)\(prefix){")
            for (index, entry) in map.enumerated() {
                let separator = index + 1 < map.count ? "," : ""
                lines(entry.value, indent + " ", "\(JSON.text(.string(entry.key))): ", separator, &result)
            }
            result.append("\(indent)}\(comma)")
        case .list(let items) where !items.isEmpty:
            result.append("\(indent)\(prefix)[")
            for (index, item) in items.enumerated() { lines(item, indent + " ", "", index + 1 < items.count ? "," : "", &result) }
            result.append("\(indent)]\(comma)")
        default: result.append("\(indent)\(prefix)\(JSON.text(value))\(comma)")
        }
    }

    // MARK: - Structures

    private struct Member {
        let name: String
        let key: String
        let type: Substring
    }

    private static func structure(_ value: Value, _ name: String) -> Value {
        guard let members = types[name] else { return value }
        var result = Map()
        for member in members {
            if member.name.isEmpty {
                for entry in structure(value, String(member.type)).map ?? Map() { result[entry.key] = entry.value }
            } else {
                result.append(unique: member.name, shown(value[member.key], member.type))
            }
        }
        return .map(result)
    }

    private static func shown(_ value: Value?, _ type: Substring) -> Value {
        let given = value.flatMap { $0.isNull ? nil : $0 }
        if type.hasPrefix("[]") {
            guard let items = given?.list else { return .null }
            return .list(items.map { shown($0, type.dropFirst(2)) })
        }
        if type.hasPrefix("*") { return given.map { structure($0, String(type.dropFirst())) } ?? .null }
        switch type {
        case "s": return given ?? ""
        case "i": return given ?? 0
        case "b": return given ?? false
        case "p": return given ?? .null
        default: return structure(given ?? [:], String(type))
        }
    }

    /// The public name of a Go field: its leading capitals in lower case, but for the one that begins a word.
    private static func key(_ name: String) -> String {
        let capitals = name.prefix { $0.isUppercase }.count
        let lowered = capitals == name.count ? capitals : max(1, capitals - 1)
        return name.prefix(lowered).lowercased() + name.dropFirst(lowered)
    }

    private static let types: [String: [Member]] = {
        var result: [String: [Member]] = [:]
        for line in InternalForm.text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let name = words.first else { continue }
            result[String(name), default: []] += words.dropFirst().map { word in
                let parts = word.split(separator: ":", omittingEmptySubsequences: false)
                let field = String(parts[0])
                return Member(name: field, key: key(field), type: parts.count > 1 ? parts[1] : "p")
            }
        }
        return result
    }()

    /// The fields of Kubernetes' internal types in their order (pkg/apis/core): `s` text, `i` number, `b` boolean, `*T` pointer, `[]T` list,
    /// `:T` an embedded type; without a type a pointer, a map or an interface.
    private static let text = """
        PodSpec Volumes:[]Volume InitContainers:[]Container Containers:[]Container EphemeralContainers:[]Container RestartPolicy:s
        PodSpec TerminationGracePeriodSeconds ActiveDeadlineSeconds DNSPolicy:s NodeSelector ServiceAccountName:s
        PodSpec AutomountServiceAccountToken NodeName:s SecurityContext:*PodSecurityContext ImagePullSecrets:[]LocalObjectReference
        PodSpec Hostname:s Subdomain:s SetHostnameAsFQDN Affinity:*Affinity SchedulerName:s Tolerations:[]Toleration
        PodSpec HostAliases:[]HostAlias PriorityClassName:s Priority PreemptionPolicy DNSConfig:*PodDNSConfig
        PodSpec ReadinessGates:[]PodReadinessGate RuntimeClassName Overhead EnableServiceLinks
        PodSpec TopologySpreadConstraints:[]TopologySpreadConstraint OS:*PodOS SchedulingGates:[]PodSchedulingGate
        PodSpec ResourceClaims:[]PodResourceClaim Resources:*ResourceRequirements HostnameOverride SchedulingGroup
        Container Name:s Image:s Command:[]s Args:[]s WorkingDir:s Ports:[]ContainerPort EnvFrom:[]EnvFromSource Env:[]EnvVar
        Container Resources:ResourceRequirements ResizePolicy:[]ContainerResizePolicy RestartPolicy RestartPolicyRules:[]p
        Container VolumeMounts:[]VolumeMount VolumeDevices:[]VolumeDevice LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe
        Container Lifecycle:*Lifecycle TerminationMessagePath:s TerminationMessagePolicy:s ImagePullPolicy:s
        Container SecurityContext:*SecurityContext Stdin:b StdinOnce:b TTY:b
        ContainerPort Name:s HostPort:i ContainerPort:i Protocol:s HostIP:s
        ContainerResizePolicy ResourceName:s RestartPolicy:s
        EnvFromSource Prefix:s ConfigMapRef:*OptionalReference SecretRef:*OptionalReference
        OptionalReference Name:s Optional
        EnvVar Name:s Value:s ValueFrom:*EnvVarSource
        EnvVarSource FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector ConfigMapKeyRef:*KeySelector
        EnvVarSource SecretKeyRef:*KeySelector FileKeyRef:*FileKeySelector
        ObjectFieldSelector APIVersion:s FieldPath:s
        ResourceFieldSelector ContainerName:s Resource:s Divisor:s
        KeySelector Name:s Key:s Optional
        FileKeySelector VolumeName:s Path:s Key:s Optional
        ResourceRequirements Limits Requests Claims:[]ResourceClaim
        ResourceClaim Name:s Request:s
        VolumeResourceRequirements Limits Requests
        VolumeMount Name:s ReadOnly:b RecursiveReadOnly MountPath:s SubPath:s MountPropagation SubPathExpr:s
        VolumeDevice Name:s DevicePath:s
        Probe :ProbeHandler InitialDelaySeconds:i TimeoutSeconds:i PeriodSeconds:i SuccessThreshold:i FailureThreshold:i
        Probe TerminationGracePeriodSeconds
        ProbeHandler Exec:*ExecAction HTTPGet:*HTTPGetAction TCPSocket:*TCPSocketAction GRPC:*GRPCAction
        ExecAction Command:[]s
        HTTPGetAction Path:s Port Host:s Scheme:s HTTPHeaders:[]HTTPHeader
        HTTPHeader Name:s Value:s
        TCPSocketAction Port Host:s
        GRPCAction Port:i Service
        Lifecycle PostStart:*LifecycleHandler PreStop:*LifecycleHandler StopSignal
        LifecycleHandler Exec:*ExecAction HTTPGet:*HTTPGetAction TCPSocket:*TCPSocketAction Sleep:*SleepAction
        SleepAction Seconds:i
        SecurityContext Capabilities:*Capabilities Privileged SELinuxOptions:*SELinuxOptions WindowsOptions RunAsUser RunAsGroup
        SecurityContext RunAsNonRoot ReadOnlyRootFilesystem AllowPrivilegeEscalation ProcMount SeccompProfile:*Profile
        SecurityContext AppArmorProfile:*Profile
        Capabilities Add:[]s Drop:[]s
        SELinuxOptions User:s Role:s Type:s Level:s
        Profile Type:s LocalhostProfile
        PodSecurityContext HostNetwork:b HostPID:b HostIPC:b ShareProcessNamespace HostUsers SELinuxOptions:*SELinuxOptions WindowsOptions
        PodSecurityContext RunAsUser RunAsGroup RunAsNonRoot SupplementalGroups:[]i SupplementalGroupsPolicy FSGroup FSGroupChangePolicy
        PodSecurityContext Sysctls:[]HTTPHeader SeccompProfile:*Profile AppArmorProfile:*Profile SELinuxChangePolicy
        LocalObjectReference Name:s
        Toleration Key:s Operator:s Value:s Effect:s TolerationSeconds
        HostAlias IP:s Hostnames:[]s
        PodDNSConfig Nameservers:[]s Searches:[]s Options:[]PodDNSConfigOption
        PodDNSConfigOption Name:s Value
        PodReadinessGate ConditionType:s
        PodOS Name:s
        PodSchedulingGate Name:s
        PodResourceClaim Name:s ResourceClaimName ResourceClaimTemplateName
        TopologySpreadConstraint MaxSkew:i TopologyKey:s WhenUnsatisfiable:s LabelSelector MinDomains NodeAffinityPolicy NodeTaintsPolicy
        TopologySpreadConstraint MatchLabelKeys:[]s
        Affinity NodeAffinity:*NodeAffinity PodAffinity:*PodAffinity PodAntiAffinity:*PodAffinity
        NodeAffinity RequiredDuringSchedulingIgnoredDuringExecution:*NodeSelector
        NodeAffinity PreferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm
        NodeSelector NodeSelectorTerms:[]NodeSelectorTerm
        NodeSelectorTerm MatchExpressions:[]NodeSelectorRequirement MatchFields:[]NodeSelectorRequirement
        NodeSelectorRequirement Key:s Operator:s Values:[]s
        PreferredSchedulingTerm Weight:i Preference:NodeSelectorTerm
        PodAffinity RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
        PodAffinity PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
        WeightedPodAffinityTerm Weight:i PodAffinityTerm:PodAffinityTerm
        PodAffinityTerm LabelSelector Namespaces:[]s TopologyKey:s NamespaceSelector MatchLabelKeys:[]s MismatchLabelKeys:[]s
        Volume Name:s :VolumeSource
        VolumeSource HostPath:*HostPath EmptyDir:*EmptyDir GCEPersistentDisk AWSElasticBlockStore GitRepo Secret:*SecretVolume NFS ISCSI
        VolumeSource Glusterfs PersistentVolumeClaim:*ClaimVolume RBD Quobyte FlexVolume Cinder CephFS Flocker DownwardAPI:*DownwardVolume
        VolumeSource FC AzureFile ConfigMap:*ConfigMapVolume VsphereVolume AzureDisk PhotonPersistentDisk Projected:*ProjectedVolume
        VolumeSource PortworxVolume ScaleIO StorageOS CSI Ephemeral Image
        HostPath Path:s Type
        EmptyDir Medium:s SizeLimit
        SecretVolume SecretName:s Items:[]KeyToPath DefaultMode Optional
        KeyToPath Key:s Path:s Mode
        ClaimVolume ClaimName:s ReadOnly:b
        DownwardVolume Items:[]DownwardFile DefaultMode
        DownwardFile Path:s FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector Mode
        ConfigMapVolume Name:s Items:[]KeyToPath DefaultMode Optional
        ProjectedVolume Sources:[]VolumeProjection DefaultMode
        VolumeProjection Secret:*ItemsProjection DownwardAPI:*DownwardProjection ConfigMap:*ItemsProjection
        VolumeProjection ServiceAccountToken:*TokenProjection ClusterTrustBundle PodCertificate
        ItemsProjection Name:s Items:[]KeyToPath Optional
        DownwardProjection Items:[]DownwardFile
        TokenProjection Audience:s ExpirationSeconds:i Path:s
        PersistentVolumeClaimSpec AccessModes:[]s Selector Resources:VolumeResourceRequirements VolumeName:s StorageClassName VolumeMode
        PersistentVolumeClaimSpec DataSource DataSourceRef VolumeAttributesClassName
        """
}
