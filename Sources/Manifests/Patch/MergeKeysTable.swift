// SPDX-License-Identifier: Apache-2.0

/// How the lists of the built-in kinds merge, as the API server's OpenAPI document (Kubernetes 1.36) says it.
///
/// One line is one type, numbered; equal types appear once. A member is `name=facts>type`: the name of the field (`[]` stands for the items
/// of a list, `{}` for the values of a map), what is known about it, and the type of what is below. The facts are two letters, the patch
/// strategy (`m` merge, `r` merge and retainKeys, `k` retainKeys, `p` replace, `-` none) and the list type (`M` map, `S` set, `-` atomic), then
/// `:` and the patch merge key, then `/` and the list's map keys where they differ from it. An indented line continues the one before.
enum MergeKeysTable {
    static let types = """
        1 finalizers=mS ownerReferences=mM:uid
        2 metadata>1
        3 conditions=mM:type metadata>1
        4 conditions=mM:type
        5 metadata>1 status>4
        6 podCIDRs=mS
        7 addresses=mM:type conditions=mM:type
        8 metadata>1 spec>6 status>7
        9 claims=-M/name
        10 values=-S
        11 exitCodes>10
        12 []>11
        13 env=mM:name ports=mM:containerPort/containerPort+protocol resources>9 restartPolicyRules>12 volumeDevices=mM:devicePath
          volumeMounts=mM:mountPath
        14 []>13
        15 volumeClaimTemplate>2
        16 ephemeral>15
        17 []>16
        18 containers=mM:name>14 ephemeralContainers=mM:name>14 hostAliases=mM:ip imagePullSecrets=mM:name initContainers=mM:name>14
          resourceClaims=rM:name resources>9 schedulingGates=mM:name
          topologySpreadConstraints=mM:topologyKey/topologyKey+whenUnsatisfiable volumes=rM:name>17
        19 resources=-M/resourceID
        20 []>19
        21 allocatedResourcesStatus=mM:name>20 resources>9 volumeMounts=mM:mountPath
        22 []>21
        23 containers=-S
        24 []>23
        25 conditions=mM:type containerStatuses>22 ephemeralContainerStatuses>22 hostIPs=m-:ip initContainerStatuses>22
          nodeAllocatableResourceClaimStatuses>24 podIPs=mM:ip resourceClaimStatuses=rM:name resources>9
        26 metadata>1 spec>18 status>25
        27 metadata>1 spec>18
        28 metadata>1 template>27
        29 template>27
        30 metadata>1 spec>29 status>4
        31 ports=mM:port/port+protocol
        32 metadata>1 spec>31 status>4
        33 metadata>1 secrets=mM:name
        34 strategy=k- template>27
        35 metadata>1 spec>34 status>4
        36 []>5
        37 template>27 volumeClaimTemplates>36
        38 metadata>1 spec>37 status>4
        39 onExitCodes>10
        40 []>39
        41 rules>40
        42 podFailurePolicy>41 template>27
        43 metadata>1 spec>42
        44 jobTemplate>43
        45 metadata>1 spec>44
        46 failed=-S succeeded=-S
        47 conditions=m-:type uncountedTerminatedPods>46
        48 metadata>1 spec>42 status>47
        49 selector=p-
        50 metadata>1 spec>49 status>4
        51 volumeLifecycleModes=-S
        52 metadata>1 spec>51
        53 drivers=mM:name
        54 metadata>1 spec>53
        55 addresses=-S
        56 []>55
        57 endpoints>56 metadata>1
        58 matchConditions=mM:name
        59 metadata>1 spec>58
        60 []>58
        61 metadata>1 webhooks=mM:name>60
        62 matchConditions=mM:name variables=mM:name
        63 conditions=-M/type
        64 metadata>1 spec>62 status>63
        65 validationActions=-S
        66 metadata>1 spec>65
        67 x-kubernetes-validations=mM:rule
        68 openAPIV3Schema>67
        69 schema>68
        70 []>69
        71 versions>70
        72 metadata>1 spec>71 status>63
        """

    /// The type of each kind, as `type group/version/Kind …`.
    static let kinds = """
        2 v1/Binding v1/ConfigMap v1/Endpoints v1/Event v1/LimitRange v1/PersistentVolume v1/ResourceQuota v1/Secret v1/Status
          apps/v1/ControllerRevision networking.k8s.io/v1/IPAddress networking.k8s.io/v1/Ingress networking.k8s.io/v1/IngressClass
          networking.k8s.io/v1/NetworkPolicy rbac.authorization.k8s.io/v1/ClusterRole rbac.authorization.k8s.io/v1/ClusterRoleBinding
          rbac.authorization.k8s.io/v1/Role rbac.authorization.k8s.io/v1/RoleBinding autoscaling/v1/HorizontalPodAutoscaler
          storage.k8s.io/v1/CSIStorageCapacity storage.k8s.io/v1/StorageClass storage.k8s.io/v1/VolumeAttachment
          storage.k8s.io/v1/VolumeAttributesClass scheduling.k8s.io/v1/PriorityClass coordination.k8s.io/v1/Lease
          admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding
        3 v1/ComponentStatus
        5 v1/Namespace v1/PersistentVolumeClaim networking.k8s.io/v1/ServiceCIDR autoscaling/v2/HorizontalPodAutoscaler
        8 v1/Node
        26 v1/Pod
        28 v1/PodTemplate
        30 v1/ReplicationController apps/v1/DaemonSet apps/v1/ReplicaSet
        32 v1/Service
        33 v1/ServiceAccount
        35 apps/v1/Deployment
        38 apps/v1/StatefulSet
        45 batch/v1/CronJob
        48 batch/v1/Job
        50 policy/v1/PodDisruptionBudget
        52 storage.k8s.io/v1/CSIDriver
        54 storage.k8s.io/v1/CSINode
        57 discovery.k8s.io/v1/EndpointSlice
        59 admissionregistration.k8s.io/v1/MutatingAdmissionPolicy
        61 admissionregistration.k8s.io/v1/MutatingWebhookConfiguration admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration
        64 admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy
        66 admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding
        72 apiextensions.k8s.io/v1/CustomResourceDefinition
        """
}
