// SPDX-License-Identifier: Apache-2.0

/// The fields that kustomize changes without being told, as its v5.5 knows them (`api/internal/konfig/builtinpluginconsts`).
///
/// A line without indentation begins a list; under `nameReference` it is followed by the kind that is referred to. Any other line is a path
/// and the kinds that have it: `*` for all, else `kind`, `version:kind` or `group:version:kind`, either part empty where any will do. `+`
/// before the path says that what is missing on the way is made. `{pod}` stands for where the kind has its pods' specification.
enum StandardFields {
    static let text = """
        namePrefix
          metadata/name *
        nameSuffix
          metadata/name *
        namespace
          + metadata/name Namespace
          + spec/service/namespace apiregistration.k8s.io::APIService
          spec/conversion/webhook/clientConfig/service/namespace apiextensions.k8s.io::CustomResourceDefinition
        commonLabels
          + spec/selector v1:Service v1:ReplicationController
          + spec/selector/matchLabels Deployment ReplicaSet DaemonSet apps::StatefulSet
          spec/selector/matchLabels batch::Job policy::PodDisruptionBudget
          {pod}/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels $sets
          {pod}/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels $sets
          {pod}/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels $sets
          {pod}/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels $sets
          {pod}/topologySpreadConstraints/labelSelector/matchLabels $sets
          spec/jobTemplate/spec/selector/matchLabels batch::CronJob
          spec/podSelector/matchLabels networking.k8s.io::NetworkPolicy
          spec/ingress/from/podSelector/matchLabels networking.k8s.io::NetworkPolicy
          spec/egress/to/podSelector/matchLabels networking.k8s.io::NetworkPolicy
          + metadata/labels *
          + spec/template/metadata/labels v1:ReplicationController Deployment ReplicaSet DaemonSet apps::StatefulSet batch::Job
          + spec/volumeClaimTemplates[]/metadata/labels apps::StatefulSet
          + spec/jobTemplate/metadata/labels batch::CronJob
          + spec/jobTemplate/spec/template/metadata/labels batch::CronJob
        templateLabels
          + metadata/labels *
          + spec/template/metadata/labels v1:ReplicationController Deployment ReplicaSet DaemonSet apps::StatefulSet batch::Job
          + spec/volumeClaimTemplates[]/metadata/labels apps::StatefulSet
          + spec/jobTemplate/metadata/labels batch::CronJob
          + spec/jobTemplate/spec/template/metadata/labels batch::CronJob
        commonAnnotations
          + metadata/annotations *
          + spec/template/metadata/annotations v1:ReplicationController Deployment ReplicaSet DaemonSet StatefulSet batch::Job
          + spec/jobTemplate/metadata/annotations batch::CronJob
          + spec/jobTemplate/spec/template/metadata/annotations batch::CronJob
        images
          + spec/containers[]/image *
          + spec/initContainers[]/image *
          + spec/template/spec/containers[]/image *
          + spec/template/spec/initContainers[]/image *
        replicas
          + spec/replicas Deployment ReplicationController ReplicaSet StatefulSet
        varReference
          {pod}/containers/args $runs
          {pod}/containers/command $runs
          {pod}/containers/env/value $runs
          {pod}/containers/volumeMounts/mountPath $runs
          {pod}/initContainers/args $runs
          {pod}/initContainers/command $runs
          {pod}/initContainers/env/value $runs
          {pod}/initContainers/volumeMounts/mountPath $runs
          {pod}/volumes/nfs/server DaemonSet Deployment Job Pod ReplicaSet
          spec/jobTemplate/spec/template/volumes/nfs/server CronJob
          spec/volumeClaimTemplates/spec/nfs/server StatefulSet
          spec/template/metadata/annotations Deployment
          spec/rules/host Ingress
          spec/tls/hosts Ingress
          spec/tls/secretName Ingress
          spec/ports/port Service
          spec/ports/targetPort Service
          spec/nfs/server PersistentVolume
          metadata/labels *
          metadata/annotations *
        nameReference Deployment
          spec/scaleTargetRef/name HorizontalPodAutoscaler
        nameReference ReplicationController
          spec/scaleTargetRef/name HorizontalPodAutoscaler
        nameReference ReplicaSet
          spec/scaleTargetRef/name HorizontalPodAutoscaler
        nameReference StatefulSet
          spec/scaleTargetRef/name HorizontalPodAutoscaler
        nameReference v1:ConfigMap
          {pod}/volumes/configMap/name $pods
          {pod}/containers/env/valueFrom/configMapKeyRef/name $pods
          {pod}/initContainers/env/valueFrom/configMapKeyRef/name $pods
          {pod}/containers/envFrom/configMapRef/name $pods
          {pod}/initContainers/envFrom/configMapRef/name $pods
          {pod}/volumes/projected/sources/configMap/name $pods
          spec/configSource/configMap Node
          rules/resourceNames Role ClusterRole
          metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap Ingress
        nameReference v1:Secret
          {pod}/volumes/secret/secretName $pods
          {pod}/containers/env/valueFrom/secretKeyRef/name $pods serving.knative.dev:v1:Service
          {pod}/initContainers/env/valueFrom/secretKeyRef/name $pods
          {pod}/containers/envFrom/secretRef/name $pods
          {pod}/initContainers/envFrom/secretRef/name $pods
          {pod}/imagePullSecrets/name $pods
          {pod}/volumes/projected/sources/secret/name $pods
          spec/tls/secretName Ingress
          metadata/annotations/ingress.kubernetes.io\\/auth-secret Ingress
          metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret Ingress
          metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret Ingress
          imagePullSecrets/name ServiceAccount
          parameters/secretName StorageClass
          parameters/adminSecretName StorageClass
          parameters/userSecretName StorageClass
          parameters/secretRef StorageClass
          rules/resourceNames Role ClusterRole
          spec/azureFile/secretName PersistentVolume
        nameReference v1:Service
          spec/serviceName apps::StatefulSet
          spec/rules/http/paths/backend/serviceName Ingress
          spec/backend/serviceName Ingress
          spec/rules/http/paths/backend/service/name Ingress
          spec/defaultBackend/service/name Ingress
          spec/service/name apiregistration.k8s.io::APIService
          webhooks/clientConfig/service admissionregistration.k8s.io::ValidatingWebhookConfiguration
          webhooks/clientConfig/service admissionregistration.k8s.io::MutatingWebhookConfiguration
        nameReference rbac.authorization.k8s.io::Role
          roleRef/name rbac.authorization.k8s.io::RoleBinding
        nameReference rbac.authorization.k8s.io::ClusterRole
          roleRef/name rbac.authorization.k8s.io::RoleBinding rbac.authorization.k8s.io::ClusterRoleBinding
        nameReference v1:ServiceAccount
          subjects rbac.authorization.k8s.io::RoleBinding rbac.authorization.k8s.io::ClusterRoleBinding
          {pod}/serviceAccountName $owners
        nameReference v1:PersistentVolumeClaim
          {pod}/volumes/persistentVolumeClaim/claimName $owners
        nameReference v1:PersistentVolume
          spec/volumeName PersistentVolumeClaim
          rules/resourceNames ClusterRole
        nameReference storage.k8s.io:v1:StorageClass
          spec/storageClassName PersistentVolume PersistentVolumeClaim
          spec/volumeClaimTemplates/spec/storageClassName StatefulSet
        nameReference scheduling.k8s.io:v1:PriorityClass
          {pod}/priorityClassName $owners
        nameReference networking.k8s.io/v1:v1:IngressClass
          spec/ingressClassName Ingress
        nameReference admissionregistration.k8s.io::ValidatingAdmissionPolicy
          spec/policyName admissionregistration.k8s.io::ValidatingAdmissionPolicyBinding
        """

    /// Kinds that come together.
    private static let kindSets: [Substring: [Substring]] = [
        "$sets": ["apps::Deployment", "apps::StatefulSet"],
        "$pods": ["v1:Pod", "PodTemplate", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob"],
        "$owners": ["Pod", "StatefulSet", "Deployment", "ReplicationController", "CronJob", "Job", "DaemonSet"],
        "$runs": ["CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"],
    ]

    private static func podSpecification(of kind: String) -> String {
        switch kind {
        case "Pod": "spec"
        case "PodTemplate": "template/spec"
        case "CronJob": "spec/jobTemplate/spec/template/spec"
        default: "spec/template/spec"
        }
    }

    private static func parts(of kind: Substring) -> (group: String, version: String, kind: String) {
        if kind == "*" { return ("", "", "") }
        let parts = kind.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1: return ("", "", parts[0])
        case 2: return ("", parts[0], parts[1])
        default: return (parts[0], parts[1], parts[2])
        }
    }

    /// The table as rules, in kustomize's order.
    static func read() -> TransformerConfiguration {
        var configuration = TransformerConfiguration()
        var list: WritableKeyPath<TransformerConfiguration, [FieldSpec]>?
        for line in text.split(separator: "\n") {
            var words = line.split(separator: " ")[...]
            guard line.first == " " else {
                list = TransformerConfiguration.lists.first { $0.name == words[0] }?.list
                if words.count > 1 {
                    let (group, version, kind) = parts(of: words[1])
                    configuration.nameReferences.append(.init(group: group, version: version, kind: kind))
                }
                continue
            }
            let create = words.first == "+"
            if create { words.removeFirst() }
            let path = String(words.removeFirst())
            for kind in words.flatMap({ kindSets[$0] ?? [$0] }) {
                let (group, version, kind) = parts(of: kind)
                var path = path
                if path.hasPrefix("{pod}") { path = podSpecification(of: kind) + path.dropFirst("{pod}".count) }
                let field = FieldSpec(group: group, version: version, kind: kind, path: path, create: create)
                if let list {
                    configuration[keyPath: list].append(field)
                } else {
                    configuration.nameReferences[configuration.nameReferences.count - 1].fields.append(field)
                }
            }
        }
        configuration.sort()
        return configuration
    }
}

extension TransformerConfiguration {
    /// What holds without `configurations` and `crds`.
    static let standard = StandardFields.read()
}
