// SPDX-License-Identifier: Apache-2.0

/// How the lists of the built-in kinds merge in kustomize: by the OpenAPI document of Kubernetes 1.21.2, which is the one kustomize has.
///
/// Kinds and fields that came later are unknown there, and their lists are replaced; so a newer table would give other results.
///
/// One line is one type, numbered; equal types appear once, and what nothing merges in has the number 0. A member is `name>type`; `[]` stands
/// for the items of a list, `{}` for the values of a map. `=` marks a list that patches merge into, followed by the members that tell its
/// items apart, with `+` between them; none stand there for a set of plain values. An indented line continues the one before. Made from the
/// extensions `x-kubernetes-patch-strategy`, `-patch-merge-key` and `-list-map-keys`.
enum SchemaTable {
    static let types = """
        1 =
        2 =uid
        3 finalizers>1 ownerReferences>2
        4 metadata>3
        5 =type
        6 conditions>5 metadata>3
        7 =name
        8 =containerPort+protocol
        9 =devicePath
        10 =mountPath
        11 env>7 ports>8 volumeDevices>9 volumeMounts>10
        12 =name []>11
        13 env>7 volumeDevices>9 volumeMounts>10
        14 =name []>13
        15 =ip
        16 =topologyKey+whenUnsatisfiable
        17 volumeClaimTemplate>4
        18 ephemeral>17
        19 =name []>18
        20 containers>12 ephemeralContainers>14 hostAliases>15 imagePullSecrets>7 initContainers>12 topologySpreadConstraints>16
          volumes>19
        21 conditions>5 podIPs>15
        22 metadata>3 spec>20 status>21
        23 conditions>5
        24 metadata>3 status>23
        25 metadata>3 spec>20
        26 template>25
        27 metadata>3 spec>26 status>23
        28 metadata>3 webhooks>7
        29 metadata>3 secrets>7
        30 drivers>7
        31 metadata>3 spec>30
        32 metadata>3 spec>26
        33 jobTemplate>32
        34 metadata>3 spec>33
        35 =port+protocol
        36 ports>35
        37 metadata>3 spec>36 status>23
        38 podCIDRs>1
        39 addresses>5 conditions>5
        40 metadata>3 spec>38 status>39
        41 metadata>3 template>25
        42 []>24
        43 template>25 volumeClaimTemplates>42
        44 metadata>3 spec>43 status>23
        """

    static let kinds = """
        4 apiextensions.k8s.io/v1/CustomResourceDefinition apiextensions.k8s.io/v1beta1/CustomResourceDefinition
          apps/v1/ControllerRevision authentication.k8s.io/v1/TokenRequest authentication.k8s.io/v1/TokenReview
          authentication.k8s.io/v1beta1/TokenReview authorization.k8s.io/v1/LocalSubjectAccessReview
          authorization.k8s.io/v1/SelfSubjectAccessReview authorization.k8s.io/v1/SelfSubjectRulesReview
          authorization.k8s.io/v1/SubjectAccessReview authorization.k8s.io/v1beta1/LocalSubjectAccessReview
          authorization.k8s.io/v1beta1/SelfSubjectAccessReview authorization.k8s.io/v1beta1/SelfSubjectRulesReview
          authorization.k8s.io/v1beta1/SubjectAccessReview autoscaling/v1/HorizontalPodAutoscaler autoscaling/v1/Scale
          autoscaling/v2beta1/HorizontalPodAutoscaler autoscaling/v2beta2/HorizontalPodAutoscaler
          certificates.k8s.io/v1/CertificateSigningRequest certificates.k8s.io/v1beta1/CertificateSigningRequest
          coordination.k8s.io/v1/Lease coordination.k8s.io/v1beta1/Lease discovery.k8s.io/v1/EndpointSlice
          discovery.k8s.io/v1beta1/EndpointSlice events.k8s.io/v1/Event events.k8s.io/v1beta1/Event extensions/v1beta1/Ingress
          flowcontrol.apiserver.k8s.io/v1beta1/FlowSchema flowcontrol.apiserver.k8s.io/v1beta1/PriorityLevelConfiguration
          networking.k8s.io/v1/Ingress networking.k8s.io/v1/IngressClass networking.k8s.io/v1/NetworkPolicy
          networking.k8s.io/v1beta1/Ingress networking.k8s.io/v1beta1/IngressClass node.k8s.io/v1/RuntimeClass
          node.k8s.io/v1beta1/RuntimeClass policy/v1beta1/Eviction policy/v1beta1/PodSecurityPolicy
          rbac.authorization.k8s.io/v1/ClusterRole rbac.authorization.k8s.io/v1/ClusterRoleBinding rbac.authorization.k8s.io/v1/Role
          rbac.authorization.k8s.io/v1/RoleBinding rbac.authorization.k8s.io/v1beta1/ClusterRole
          rbac.authorization.k8s.io/v1beta1/ClusterRoleBinding rbac.authorization.k8s.io/v1beta1/Role
          rbac.authorization.k8s.io/v1beta1/RoleBinding scheduling.k8s.io/v1/PriorityClass scheduling.k8s.io/v1beta1/PriorityClass
          storage.k8s.io/v1/CSIDriver storage.k8s.io/v1/StorageClass storage.k8s.io/v1/VolumeAttachment
          storage.k8s.io/v1beta1/CSIDriver storage.k8s.io/v1beta1/CSIStorageCapacity storage.k8s.io/v1beta1/StorageClass
          storage.k8s.io/v1beta1/VolumeAttachment v1/Binding v1/ConfigMap v1/Endpoints v1/Event v1/LimitRange v1/PersistentVolume
          v1/ResourceQuota v1/Secret
        6 v1/ComponentStatus
        22 v1/Pod
        24 apiregistration.k8s.io/v1/APIService apiregistration.k8s.io/v1beta1/APIService policy/v1/PodDisruptionBudget
          policy/v1beta1/PodDisruptionBudget v1/Namespace v1/PersistentVolumeClaim
        27 apps/v1/DaemonSet apps/v1/Deployment apps/v1/ReplicaSet batch/v1/Job v1/ReplicationController
        28 admissionregistration.k8s.io/v1/MutatingWebhookConfiguration
          admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration
          admissionregistration.k8s.io/v1beta1/MutatingWebhookConfiguration
          admissionregistration.k8s.io/v1beta1/ValidatingWebhookConfiguration
        29 v1/ServiceAccount
        31 storage.k8s.io/v1/CSINode storage.k8s.io/v1beta1/CSINode
        34 batch/v1/CronJob batch/v1beta1/CronJob
        37 v1/Service
        40 v1/Node
        41 v1/PodTemplate
        44 apps/v1/StatefulSet
        """

    /// The names that the document's definitions have, for schemas of people's own that refer to them.
    static let definitions = """
        3 io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta
        6 io.k8s.api.core.v1.ComponentStatus
        11 io.k8s.api.core.v1.Container
        13 io.k8s.api.core.v1.EphemeralContainer
        17 io.k8s.api.core.v1.EphemeralVolumeSource
        18 io.k8s.api.core.v1.Volume
        20 io.k8s.api.core.v1.PodSpec
        21 io.k8s.api.core.v1.PodStatus
        22 io.k8s.api.core.v1.Pod
        23 io.k8s.api.apps.v1.DaemonSetStatus io.k8s.api.apps.v1.DeploymentStatus io.k8s.api.apps.v1.ReplicaSetStatus
          io.k8s.api.apps.v1.StatefulSetStatus io.k8s.api.batch.v1.JobStatus io.k8s.api.core.v1.NamespaceStatus
          io.k8s.api.core.v1.PersistentVolumeClaimStatus io.k8s.api.core.v1.ReplicationControllerStatus
          io.k8s.api.core.v1.ServiceStatus io.k8s.api.policy.v1.PodDisruptionBudgetStatus
          io.k8s.api.policy.v1beta1.PodDisruptionBudgetStatus io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus
          io.k8s.kube-aggregator.pkg.apis.apiregistration.v1beta1.APIServiceStatus
        24 io.k8s.api.core.v1.Namespace io.k8s.api.core.v1.PersistentVolumeClaim io.k8s.api.policy.v1.PodDisruptionBudget
          io.k8s.api.policy.v1beta1.PodDisruptionBudget io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService
          io.k8s.kube-aggregator.pkg.apis.apiregistration.v1beta1.APIService
        25 io.k8s.api.core.v1.PodTemplateSpec
        26 io.k8s.api.apps.v1.DaemonSetSpec io.k8s.api.apps.v1.DeploymentSpec io.k8s.api.apps.v1.ReplicaSetSpec
          io.k8s.api.batch.v1.JobSpec io.k8s.api.core.v1.ReplicationControllerSpec
        27 io.k8s.api.apps.v1.DaemonSet io.k8s.api.apps.v1.Deployment io.k8s.api.apps.v1.ReplicaSet io.k8s.api.batch.v1.Job
          io.k8s.api.core.v1.ReplicationController
        28 io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration
          io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration
          io.k8s.api.admissionregistration.v1beta1.MutatingWebhookConfiguration
          io.k8s.api.admissionregistration.v1beta1.ValidatingWebhookConfiguration
        29 io.k8s.api.core.v1.ServiceAccount
        30 io.k8s.api.storage.v1.CSINodeSpec io.k8s.api.storage.v1beta1.CSINodeSpec
        31 io.k8s.api.storage.v1.CSINode io.k8s.api.storage.v1beta1.CSINode
        32 io.k8s.api.batch.v1.JobTemplateSpec io.k8s.api.batch.v1beta1.JobTemplateSpec
        33 io.k8s.api.batch.v1.CronJobSpec io.k8s.api.batch.v1beta1.CronJobSpec
        34 io.k8s.api.batch.v1.CronJob io.k8s.api.batch.v1beta1.CronJob
        36 io.k8s.api.core.v1.ServiceSpec
        37 io.k8s.api.core.v1.Service
        38 io.k8s.api.core.v1.NodeSpec
        39 io.k8s.api.core.v1.NodeStatus
        40 io.k8s.api.core.v1.Node
        41 io.k8s.api.core.v1.PodTemplate
        43 io.k8s.api.apps.v1.StatefulSetSpec
        44 io.k8s.api.apps.v1.StatefulSet
        """
}
