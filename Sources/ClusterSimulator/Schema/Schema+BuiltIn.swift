// SPDX-License-Identifier: Apache-2.0

extension Schema {
    /// The fields of every built-in type, as the Go types of Kubernetes declare them (k8s.io/api, apimachinery and apiextensions-apiserver).
    ///
    /// One type per entry, continued on indented lines: `Name[@] field:type[flags]…`. `@` marks an atomic structure. Types: `s` string, `i` integer,
    /// `b` boolean, `n` number, `q` quantity, `x` integer or string, `t` time, `m` time with microseconds, `y` base64 bytes, `r` anything,
    /// `[]T` list, `{}T` map, otherwise a type's name. Flags, in this order: `*` a pointer, `!` written even when empty, `a` atomic, `(k,…)` a list
    /// keyed so, `e` a set, `p<k>` strategic merge patch merges it (by key k), `R` retainKeys.
    static let builtInText = """
        Binding kind:s apiVersion:s metadata:ObjectMeta! target:ObjectReference!
        ComponentStatus kind:s apiVersion:s metadata:ObjectMeta! conditions:[]ComponentCondition(type)p<type>
        ConfigMap kind:s apiVersion:s metadata:ObjectMeta! immutable:b* data:{}s binaryData:{}y
        Endpoints kind:s apiVersion:s metadata:ObjectMeta! subsets:[]EndpointSubset
        Event kind:s apiVersion:s metadata:ObjectMeta! involvedObject:ObjectReference! reason:s message:s source:EventSource!
          firstTimestamp:t! lastTimestamp:t! count:i type:s eventTime:m! series:EventSeries* action:s related:ObjectReference*
          reportingComponent:s! reportingInstance:s!
        LimitRange kind:s apiVersion:s metadata:ObjectMeta! spec:LimitRangeSpec!
        Namespace kind:s apiVersion:s metadata:ObjectMeta! spec:NamespaceSpec! status:NamespaceStatus!
        Node kind:s apiVersion:s metadata:ObjectMeta! spec:NodeSpec! status:NodeStatus!
        PersistentVolumeClaim kind:s apiVersion:s metadata:ObjectMeta! spec:PersistentVolumeClaimSpec!
          status:PersistentVolumeClaimStatus!
        PersistentVolume kind:s apiVersion:s metadata:ObjectMeta! spec:PersistentVolumeSpec! status:PersistentVolumeStatus!
        Pod kind:s apiVersion:s metadata:ObjectMeta! spec:PodSpec! status:PodStatus!
        PodTemplate kind:s apiVersion:s metadata:ObjectMeta! template:PodTemplateSpec!
        ReplicationController kind:s apiVersion:s metadata:ObjectMeta! spec:ReplicationControllerSpec!
          status:ReplicationControllerStatus!
        ResourceQuota kind:s apiVersion:s metadata:ObjectMeta! spec:ResourceQuotaSpec! status:ResourceQuotaStatus!
        Secret kind:s apiVersion:s metadata:ObjectMeta! immutable:b* data:{}y stringData:{}s type:s
        ServiceAccount kind:s apiVersion:s metadata:ObjectMeta! secrets:[]ObjectReference(name)p<name>
          imagePullSecrets:[]LocalObjectReference automountServiceAccountToken:b*
        Service kind:s apiVersion:s metadata:ObjectMeta! spec:ServiceSpec! status:ServiceStatus!
        ControllerRevision kind:s apiVersion:s metadata:ObjectMeta! data:r! revision:i!
        DaemonSet kind:s apiVersion:s metadata:ObjectMeta! spec:DaemonSetSpec! status:DaemonSetStatus!
        Deployment kind:s apiVersion:s metadata:ObjectMeta! spec:DeploymentSpec! status:DeploymentStatus!
        ReplicaSet kind:s apiVersion:s metadata:ObjectMeta! spec:ReplicaSetSpec! status:ReplicaSetStatus!
        StatefulSet kind:s apiVersion:s metadata:ObjectMeta! spec:StatefulSetSpec! status:StatefulSetStatus!
        EventsEvent kind:s apiVersion:s metadata:ObjectMeta! eventTime:m! series:EventsEventSeries* reportingController:s
          reportingInstance:s action:s reason:s regarding:ObjectReference! related:ObjectReference* note:s type:s
          deprecatedSource:EventSource! deprecatedFirstTimestamp:t! deprecatedLastTimestamp:t! deprecatedCount:i
        SelfSubjectReview kind:s apiVersion:s metadata:ObjectMeta! status:SelfSubjectReviewStatus!
        TokenReview kind:s apiVersion:s metadata:ObjectMeta! spec:TokenReviewSpec! status:TokenReviewStatus!
        LocalSubjectAccessReview kind:s apiVersion:s metadata:ObjectMeta! spec:SubjectAccessReviewSpec!
          status:SubjectAccessReviewStatus!
        SelfSubjectAccessReview kind:s apiVersion:s metadata:ObjectMeta! spec:SelfSubjectAccessReviewSpec!
          status:SubjectAccessReviewStatus!
        SelfSubjectRulesReview kind:s apiVersion:s metadata:ObjectMeta! spec:SelfSubjectRulesReviewSpec!
          status:SubjectRulesReviewStatus!
        SubjectAccessReview kind:s apiVersion:s metadata:ObjectMeta! spec:SubjectAccessReviewSpec! status:SubjectAccessReviewStatus!
        AutoscalingHorizontalPodAutoscaler kind:s apiVersion:s metadata:ObjectMeta! spec:AutoscalingHorizontalPodAutoscalerSpec!
          status:AutoscalingHorizontalPodAutoscalerStatus!
        Autoscaling1HorizontalPodAutoscaler kind:s apiVersion:s metadata:ObjectMeta! spec:Autoscaling1HorizontalPodAutoscalerSpec!
          status:Autoscaling1HorizontalPodAutoscalerStatus!
        CronJob kind:s apiVersion:s metadata:ObjectMeta! spec:CronJobSpec! status:CronJobStatus!
        Job kind:s apiVersion:s metadata:ObjectMeta! spec:JobSpec! status:JobStatus!
        CertificateSigningRequest kind:s apiVersion:s metadata:ObjectMeta! spec:CertificateSigningRequestSpec!
          status:CertificateSigningRequestStatus!
        IngressClass kind:s apiVersion:s metadata:ObjectMeta! spec:IngressClassSpec!
        Ingress kind:s apiVersion:s metadata:ObjectMeta! spec:IngressSpec! status:IngressStatus!
        IPAddress kind:s apiVersion:s metadata:ObjectMeta! spec:IPAddressSpec!
        NetworkPolicy kind:s apiVersion:s metadata:ObjectMeta! spec:NetworkPolicySpec!
        ServiceCIDR kind:s apiVersion:s metadata:ObjectMeta! spec:ServiceCIDRSpec! status:ServiceCIDRStatus!
        PodDisruptionBudget kind:s apiVersion:s metadata:ObjectMeta! spec:PodDisruptionBudgetSpec! status:PodDisruptionBudgetStatus!
        ClusterRoleBinding kind:s apiVersion:s metadata:ObjectMeta! subjects:[]Subject roleRef:RoleRef!
        ClusterRole kind:s apiVersion:s metadata:ObjectMeta! rules:[]PolicyRule! aggregationRule:AggregationRule*
        RoleBinding kind:s apiVersion:s metadata:ObjectMeta! subjects:[]Subject roleRef:RoleRef!
        Role kind:s apiVersion:s metadata:ObjectMeta! rules:[]PolicyRule!
        CSIDriver kind:s apiVersion:s metadata:ObjectMeta! spec:CSIDriverSpec!
        CSINode kind:s apiVersion:s metadata:ObjectMeta! spec:CSINodeSpec! status:CSINodeStatus!
        CSIStorageCapacity kind:s apiVersion:s metadata:ObjectMeta! nodeTopology:LabelSelector* storageClassName:s! capacity:q*
          maximumVolumeSize:q*
        StorageClass kind:s apiVersion:s metadata:ObjectMeta! provisioner:s! parameters:{}s reclaimPolicy:s* mountOptions:[]s
          allowVolumeExpansion:b* volumeBindingMode:s* allowedTopologies:[]TopologySelectorTerm
        VolumeAttachment kind:s apiVersion:s metadata:ObjectMeta! spec:VolumeAttachmentSpec! status:VolumeAttachmentStatus!
        VolumeAttributesClass kind:s apiVersion:s metadata:ObjectMeta! driverName:s! parameters:{}s
        MutatingAdmissionPolicy kind:s apiVersion:s metadata:ObjectMeta! spec:MutatingAdmissionPolicySpec!
        MutatingAdmissionPolicyBinding kind:s apiVersion:s metadata:ObjectMeta! spec:MutatingAdmissionPolicyBindingSpec!
        MutatingWebhookConfiguration kind:s apiVersion:s metadata:ObjectMeta! webhooks:[]MutatingWebhook(name)p<name>
        ValidatingAdmissionPolicy kind:s apiVersion:s metadata:ObjectMeta! spec:ValidatingAdmissionPolicySpec!
          status:ValidatingAdmissionPolicyStatus!
        ValidatingAdmissionPolicyBinding kind:s apiVersion:s metadata:ObjectMeta! spec:ValidatingAdmissionPolicyBindingSpec!
        ValidatingWebhookConfiguration kind:s apiVersion:s metadata:ObjectMeta! webhooks:[]ValidatingWebhook(name)p<name>
        CustomResourceDefinition kind:s apiVersion:s metadata:ObjectMeta! spec:CustomResourceDefinitionSpec!
          status:CustomResourceDefinitionStatus!
        PriorityClass kind:s apiVersion:s metadata:ObjectMeta! value:i! globalDefault:b description:s preemptionPolicy:s*
        Lease kind:s apiVersion:s metadata:ObjectMeta! spec:LeaseSpec!
        RuntimeClass kind:s apiVersion:s metadata:ObjectMeta! handler:s! overhead:Overhead* scheduling:Scheduling*
        EndpointSlice kind:s apiVersion:s metadata:ObjectMeta! addressType:s! endpoints:[]Endpoint! ports:[]DiscoveryEndpointPort!
        Scale kind:s apiVersion:s metadata:ObjectMeta! spec:ScaleSpec! status:ScaleStatus!
        Eviction kind:s apiVersion:s metadata:ObjectMeta! deleteOptions:DeleteOptions*
        AuthenticationTokenRequest kind:s apiVersion:s metadata:ObjectMeta! spec:TokenRequestSpec! status:TokenRequestStatus!
        ObjectMeta name:s generateName:s namespace:s selfLink:s uid:s resourceVersion:s generation:i creationTimestamp:t
          deletionTimestamp:t* deletionGracePeriodSeconds:i* labels:{}s annotations:{}s ownerReferences:[]OwnerReference(uid)p<uid>
          finalizers:[]sep managedFields:[]ManagedFieldsEntry
        ObjectReference@ kind:s namespace:s name:s uid:s apiVersion:s resourceVersion:s fieldPath:s
        ComponentCondition type:s! status:s! message:s error:s
        EndpointSubset addresses:[]EndpointAddress notReadyAddresses:[]EndpointAddress ports:[]EndpointPort
        EventSource component:s host:s
        EventSeries count:i lastObservedTime:m!
        LimitRangeSpec limits:[]LimitRangeItem!
        NamespaceSpec finalizers:[]s
        NamespaceStatus phase:s conditions:[]NamespaceCondition(type)p<type>
        NodeSpec podCIDR:s podCIDRs:[]sep providerID:s unschedulable:b taints:[]Taint configSource:NodeConfigSource* externalID:s
          podPreemptionPolicy:NodePodPreemptionPolicy*
        NodeStatus capacity:{}q allocatable:{}q phase:s conditions:[]NodeCondition(type)p<type> addresses:[]NodeAddress(type)p<type>
          daemonEndpoints:NodeDaemonEndpoints! nodeInfo:NodeSystemInfo! images:[]ContainerImage volumesInUse:[]s
          volumesAttached:[]AttachedVolume config:NodeConfigStatus* runtimeHandlers:[]NodeRuntimeHandler features:NodeFeatures*
          declaredFeatures:[]s
        PersistentVolumeClaimSpec accessModes:[]s selector:LabelSelector* resources:VolumeResourceRequirements! volumeName:s
          storageClassName:s* volumeMode:s* dataSource:TypedLocalObjectReference* dataSourceRef:TypedObjectReference*
          volumeAttributesClassName:s*
        PersistentVolumeClaimStatus phase:s accessModes:[]s capacity:{}q conditions:[]PersistentVolumeClaimCondition(type)p<type>
          allocatedResources:{}q allocatedResourceStatuses:{}s currentVolumeAttributesClassName:s*
          modifyVolumeStatus:ModifyVolumeStatus* healthStatus:VolumeHealthStatus*
        PersistentVolumeSpec capacity:{}q gcePersistentDisk:GCEPersistentDiskVolumeSource*
          awsElasticBlockStore:AWSElasticBlockStoreVolumeSource* hostPath:HostPathVolumeSource*
          glusterfs:GlusterfsPersistentVolumeSource* nfs:NFSVolumeSource* rbd:RBDPersistentVolumeSource*
          iscsi:ISCSIPersistentVolumeSource* cinder:CinderPersistentVolumeSource* cephfs:CephFSPersistentVolumeSource*
          fc:FCVolumeSource* flocker:FlockerVolumeSource* flexVolume:FlexPersistentVolumeSource*
          azureFile:AzureFilePersistentVolumeSource* vsphereVolume:VsphereVirtualDiskVolumeSource* quobyte:QuobyteVolumeSource*
          azureDisk:AzureDiskVolumeSource* photonPersistentDisk:PhotonPersistentDiskVolumeSource* portworxVolume:PortworxVolumeSource*
          scaleIO:ScaleIOPersistentVolumeSource* local:LocalVolumeSource* storageos:StorageOSPersistentVolumeSource*
          csi:CSIPersistentVolumeSource* accessModes:[]s claimRef:ObjectReference* persistentVolumeReclaimPolicy:s storageClassName:s
          mountOptions:[]s volumeMode:s* nodeAffinity:VolumeNodeAffinity* volumeAttributesClassName:s*
        PersistentVolumeStatus phase:s message:s reason:s lastPhaseTransitionTime:t*
        PodSpec volumes:[]Volume(name)p<name>R initContainers:[]Container(name)p<name> containers:[]Container!(name)p<name>
          ephemeralContainers:[]EphemeralContainer(name)p<name> restartPolicy:s terminationGracePeriodSeconds:i*
          activeDeadlineSeconds:i* dnsPolicy:s nodeSelector:{}sa serviceAccountName:s serviceAccount:s automountServiceAccountToken:b*
          nodeName:s hostNetwork:b hostPID:b hostIPC:b shareProcessNamespace:b* securityContext:PodSecurityContext*
          imagePullSecrets:[]LocalObjectReference(name)p<name> hostname:s subdomain:s affinity:Affinity* schedulerName:s
          tolerations:[]Toleration hostAliases:[]HostAlias(ip)p<ip> priorityClassName:s priority:i* dnsConfig:PodDNSConfig*
          readinessGates:[]PodReadinessGate runtimeClassName:s* enableServiceLinks:b* preemptionPolicy:s* overhead:{}q
          topologySpreadConstraints:[]TopologySpreadConstraint(topologyKey,whenUnsatisfiable)p<topologyKey> setHostnameAsFQDN:b*
          os:PodOS* hostUsers:b* schedulingGates:[]PodSchedulingGate(name)p<name> resourceClaims:[]PodResourceClaim(name)p<name>R
          resources:ResourceRequirements* hostnameOverride:s* schedulingGroup:PodSchedulingGroup*
          evictionResponders:[]EvictionResponder(name)p<name>
        PodStatus observedGeneration:i phase:s conditions:[]PodCondition(type)p<type> message:s reason:s nominatedNodeName:s hostIP:s
          hostIPs:[]HostIPp<ip> podIP:s podIPs:[]PodIP(ip)p<ip> startTime:t* initContainerStatuses:[]ContainerStatus
          containerStatuses:[]ContainerStatus qosClass:s ephemeralContainerStatuses:[]ContainerStatus resize:s
          resourceClaimStatuses:[]PodResourceClaimStatus(name)p<name>R extendedResourceClaimStatus:PodExtendedResourceClaimStatus*
          allocatedResources:{}q resources:ResourceRequirements*
          nodeAllocatableResourceClaimStatuses:[]NodeAllocatableResourceClaimStatus(resourceClaimName)p<resourceClaimName>
          volumeHealth:[]PodVolumeHealth(name)
        PodTemplateSpec metadata:ObjectMeta! spec:PodSpec!
        ReplicationControllerSpec replicas:i* minReadySeconds:i selector:{}sa template:PodTemplateSpec*
        ReplicationControllerStatus replicas:i! fullyLabeledReplicas:i readyReplicas:i availableReplicas:i observedGeneration:i
          conditions:[]ReplicationControllerCondition(type)p<type>
        ResourceQuotaSpec hard:{}q scopes:[]s scopeSelector:ScopeSelector*
        ResourceQuotaStatus hard:{}q used:{}q
        LocalObjectReference@ name:s
        ServiceSpec ports:[]ServicePort(port,protocol)p<port> selector:{}sa clusterIP:s clusterIPs:[]s type:s externalIPs:[]s
          sessionAffinity:s loadBalancerIP:s loadBalancerSourceRanges:[]s externalName:s externalTrafficPolicy:s healthCheckNodePort:i
          publishNotReadyAddresses:b sessionAffinityConfig:SessionAffinityConfig* ipFamilies:[]s ipFamilyPolicy:s*
          allocateLoadBalancerNodePorts:b* loadBalancerClass:s* internalTrafficPolicy:s* trafficDistribution:s*
        ServiceStatus loadBalancer:LoadBalancerStatus! conditions:[]Condition(type)p<type>
        DaemonSetSpec selector:LabelSelector*! template:PodTemplateSpec! updateStrategy:DaemonSetUpdateStrategy! minReadySeconds:i
          revisionHistoryLimit:i*
        DaemonSetStatus currentNumberScheduled:i! numberMisscheduled:i! desiredNumberScheduled:i! numberReady:i! observedGeneration:i
          updatedNumberScheduled:i numberAvailable:i numberUnavailable:i collisionCount:i* conditions:[]DaemonSetCondition(type)p<type>
        DeploymentSpec replicas:i* selector:LabelSelector*! template:PodTemplateSpec! strategy:DeploymentStrategy!R minReadySeconds:i
          revisionHistoryLimit:i* paused:b progressDeadlineSeconds:i*
        DeploymentStatus observedGeneration:i replicas:i updatedReplicas:i readyReplicas:i availableReplicas:i unavailableReplicas:i
          terminatingReplicas:i* conditions:[]DeploymentCondition(type)p<type> collisionCount:i*
        ReplicaSetSpec replicas:i* minReadySeconds:i selector:LabelSelector*! template:PodTemplateSpec!
        ReplicaSetStatus replicas:i! fullyLabeledReplicas:i readyReplicas:i availableReplicas:i terminatingReplicas:i*
          observedGeneration:i conditions:[]ReplicaSetCondition(type)p<type>
        StatefulSetSpec replicas:i* selector:LabelSelector*! template:PodTemplateSpec! volumeClaimTemplates:[]PersistentVolumeClaim
          serviceName:s! podManagementPolicy:s updateStrategy:StatefulSetUpdateStrategy! revisionHistoryLimit:i* minReadySeconds:i
          persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy* ordinals:StatefulSetOrdinals*
        StatefulSetStatus observedGeneration:i replicas:i! readyReplicas:i currentReplicas:i updatedReplicas:i currentRevision:s
          updateRevision:s collisionCount:i* conditions:[]StatefulSetCondition(type)p<type> availableReplicas:i!
        EventsEventSeries count:i! lastObservedTime:m!
        SelfSubjectReviewStatus userInfo:UserInfo!
        TokenReviewSpec token:s audiences:[]s
        TokenReviewStatus authenticated:b user:UserInfo! audiences:[]s error:s
        SubjectAccessReviewSpec resourceAttributes:ResourceAttributes* nonResourceAttributes:NonResourceAttributes* user:s groups:[]s
          extra:{}[]s uid:s
        SubjectAccessReviewStatus allowed:b! denied:b reason:s evaluationError:s
        SelfSubjectAccessReviewSpec resourceAttributes:ResourceAttributes* nonResourceAttributes:NonResourceAttributes*
        SelfSubjectRulesReviewSpec namespace:s
        SubjectRulesReviewStatus resourceRules:[]ResourceRule! nonResourceRules:[]NonResourceRule! incomplete:b! evaluationError:s
        AutoscalingHorizontalPodAutoscalerSpec scaleTargetRef:AutoscalingCrossVersionObjectReference! minReplicas:i* maxReplicas:i!
          metrics:[]AutoscalingMetricSpec behavior:HorizontalPodAutoscalerBehavior*
        AutoscalingHorizontalPodAutoscalerStatus observedGeneration:i* lastScaleTime:t* currentReplicas:i desiredReplicas:i!
          currentMetrics:[]AutoscalingMetricStatus! conditions:[]AutoscalingHorizontalPodAutoscalerCondition(type)p<type>
        Autoscaling1HorizontalPodAutoscalerSpec scaleTargetRef:Autoscaling1CrossVersionObjectReference! minReplicas:i* maxReplicas:i!
          targetCPUUtilizationPercentage:i*
        Autoscaling1HorizontalPodAutoscalerStatus observedGeneration:i* lastScaleTime:t* currentReplicas:i! desiredReplicas:i!
          currentCPUUtilizationPercentage:i*
        CronJobSpec schedule:s! timeZone:s* startingDeadlineSeconds:i* concurrencyPolicy:s suspend:b* jobTemplate:JobTemplateSpec!
          successfulJobsHistoryLimit:i* failedJobsHistoryLimit:i*
        CronJobStatus active:[]ObjectReference lastScheduleTime:t* lastSuccessfulTime:t*
        JobSpec parallelism:i* completions:i* activeDeadlineSeconds:i* podFailurePolicy:PodFailurePolicy* successPolicy:SuccessPolicy*
          backoffLimit:i* backoffLimitPerIndex:i* maxFailedIndexes:i* selector:LabelSelector* manualSelector:b*
          template:PodTemplateSpec! ttlSecondsAfterFinished:i* completionMode:s* suspend:b* podReplacementPolicy:s* managedBy:s*
          scheduling:JobSchedulingConfiguration*
        JobStatus conditions:[]JobConditionp<type> startTime:t* completionTime:t* active:i succeeded:i failed:i terminating:i*
          completedIndexes:s failedIndexes:s* uncountedTerminatedPods:UncountedTerminatedPods* ready:i*
        CertificateSigningRequestSpec request:y! signerName:s! expirationSeconds:i* usages:[]s username:s uid:s groups:[]s extra:{}[]s
        CertificateSigningRequestStatus conditions:[]CertificateSigningRequestCondition(type) certificate:y
        IngressClassSpec controller:s parameters:IngressClassParametersReference*
        IngressSpec ingressClassName:s* defaultBackend:IngressBackend* tls:[]IngressTLS rules:[]IngressRule
        IngressStatus loadBalancer:IngressLoadBalancerStatus!
        IPAddressSpec parentRef:ParentReference*
        NetworkPolicySpec podSelector:LabelSelector! ingress:[]NetworkPolicyIngressRule egress:[]NetworkPolicyEgressRule policyTypes:[]s
        ServiceCIDRSpec cidrs:[]s
        ServiceCIDRStatus conditions:[]Condition(type)p<type>
        PodDisruptionBudgetSpec minAvailable:x* selector:LabelSelector* maxUnavailable:x* unhealthyPodEvictionPolicy:s*
        PodDisruptionBudgetStatus observedGeneration:i disruptedPods:{}t disruptionsAllowed:i! currentHealthy:i! desiredHealthy:i!
          expectedPods:i! conditions:[]Condition(type)p<type>
        Subject@ kind:s! apiGroup:s name:s! namespace:s
        RoleRef@ apiGroup:s! kind:s! name:s!
        PolicyRule verbs:[]s! apiGroups:[]s resources:[]s resourceNames:[]s nonResourceURLs:[]s
        AggregationRule clusterRoleSelectors:[]LabelSelector
        CSIDriverSpec attachRequired:b* podInfoOnMount:b* volumeLifecycleModes:[]se storageCapacity:b* fsGroupPolicy:s*
          tokenRequests:[]StorageTokenRequest requiresRepublish:b* seLinuxMount:b* nodeAllocatableUpdatePeriodSeconds:i*
          serviceAccountTokenInSecrets:b* preventPodSchedulingIfMissing:b*
        CSINodeSpec drivers:[]CSINodeDriver!(name)p<name>
        CSINodeStatus storageHealth:[]StorageHealth(name)p<name>
        LabelSelector@ matchLabels:{}s matchExpressions:[]LabelSelectorRequirement
        TopologySelectorTerm@ matchLabelExpressions:[]TopologySelectorLabelRequirement
        VolumeAttachmentSpec attacher:s! source:VolumeAttachmentSource! nodeName:s!
        VolumeAttachmentStatus attached:b! attachmentMetadata:{}s attachError:VolumeError* detachError:VolumeError*
        MutatingAdmissionPolicySpec paramKind:ParamKind* matchConstraints:MatchResources* variables:[]Variable mutations:[]Mutation
          failurePolicy:s* matchConditions:[]MatchCondition(name)p<name> reinvocationPolicy:s
        MutatingAdmissionPolicyBindingSpec policyName:s paramRef:ParamRef* matchResources:MatchResources*
        MutatingWebhook name:s! clientConfig:AdmissionWebhookClientConfig! rules:[]RuleWithOperations failurePolicy:s* matchPolicy:s*
          namespaceSelector:LabelSelector* objectSelector:LabelSelector* sideEffects:s*! timeoutSeconds:i* admissionReviewVersions:[]s!
          reinvocationPolicy:s* matchConditions:[]MatchCondition(name)p<name>
        ValidatingAdmissionPolicySpec paramKind:ParamKind* matchConstraints:MatchResources* validations:[]Validation failurePolicy:s*
          auditAnnotations:[]AuditAnnotation matchConditions:[]MatchCondition(name)p<name> variables:[]Variable(name)p<name>
        ValidatingAdmissionPolicyStatus observedGeneration:i typeChecking:TypeChecking* conditions:[]Condition(type)
        ValidatingAdmissionPolicyBindingSpec policyName:s paramRef:ParamRef* matchResources:MatchResources* validationActions:[]se
        ValidatingWebhook name:s! clientConfig:AdmissionWebhookClientConfig! rules:[]RuleWithOperations failurePolicy:s* matchPolicy:s*
          namespaceSelector:LabelSelector* objectSelector:LabelSelector* sideEffects:s*! timeoutSeconds:i* admissionReviewVersions:[]s!
          matchConditions:[]MatchCondition(name)p<name>
        CustomResourceDefinitionSpec group:s! names:CustomResourceDefinitionNames! scope:s! versions:[]CustomResourceDefinitionVersion!
          conversion:CustomResourceConversion* preserveUnknownFields:b
        CustomResourceDefinitionStatus conditions:[]CustomResourceDefinitionCondition!(type)
          acceptedNames:CustomResourceDefinitionNames! storedVersions:[]s! observedGeneration:i
        LeaseSpec holderIdentity:s* leaseDurationSeconds:i* acquireTime:m* renewTime:m* leaseTransitions:i* strategy:s*
          preferredHolder:s*
        Overhead podFixed:{}q
        Scheduling nodeSelector:{}sa tolerations:[]Toleration
        Endpoint addresses:[]s!e conditions:EndpointConditions! hostname:s* targetRef:ObjectReference* deprecatedTopology:{}s
          nodeName:s* zone:s* hints:EndpointHints*
        DiscoveryEndpointPort@ name:s* protocol:s* port:i* appProtocol:s*
        ScaleSpec replicas:i
        ScaleStatus replicas:i! selector:s
        DeleteOptions kind:s apiVersion:s gracePeriodSeconds:i* preconditions:Preconditions* orphanDependents:b* propagationPolicy:s*
          dryRun:[]s ignoreStoreReadErrorWithClusterBreakingPotential:b*
        TokenRequestSpec audiences:[]s! expirationSeconds:i*! boundObjectRef:BoundObjectReference*! attestations:{}[]s
        TokenRequestStatus token:s! expirationTimestamp:t!
        OwnerReference@ apiVersion:s! kind:s! name:s! uid:s! controller:b* blockOwnerDeletion:b*
        ManagedFieldsEntry manager:s operation:s apiVersion:s time:t* fieldsType:s fieldsV1:r* subresource:s
        EndpointAddress@ ip:s! hostname:s nodeName:s* targetRef:ObjectReference*
        EndpointPort@ name:s port:i! protocol:s appProtocol:s*
        LimitRangeItem type:s! max:{}q min:{}q default:{}q defaultRequest:{}q maxLimitRequestRatio:{}q
        NamespaceCondition type:s! status:s! lastTransitionTime:t! reason:s message:s
        Taint key:s! value:s effect:s! timeAdded:t*
        NodeConfigSource configMap:ConfigMapNodeConfigSource*
        NodePodPreemptionPolicy disableResizePreemption:[]se
        NodeCondition type:s! status:s! lastHeartbeatTime:t! lastTransitionTime:t! reason:s message:s
        NodeAddress type:s! address:s!
        NodeDaemonEndpoints kubeletEndpoint:DaemonEndpoint!
        NodeSystemInfo machineID:s! systemUUID:s! bootID:s! kernelVersion:s! osImage:s! containerRuntimeVersion:s! kubeletVersion:s!
          kubeProxyVersion:s! operatingSystem:s! architecture:s! swap:NodeSwapStatus*
        ContainerImage names:[]s! sizeBytes:i
        AttachedVolume name:s! devicePath:s!
        NodeConfigStatus assigned:NodeConfigSource* active:NodeConfigSource* lastKnownGood:NodeConfigSource* error:s
        NodeRuntimeHandler name:s! features:NodeRuntimeHandlerFeatures*
        NodeFeatures supplementalGroupsPolicy:b*
        VolumeResourceRequirements limits:{}q requests:{}q
        TypedLocalObjectReference@ apiGroup:s*! kind:s! name:s!
        TypedObjectReference apiGroup:s*! kind:s! name:s! namespace:s*
        PersistentVolumeClaimCondition type:s! status:s! lastProbeTime:t! lastTransitionTime:t! reason:s message:s
        ModifyVolumeStatus targetVolumeAttributesClassName:s status:s!
        VolumeHealthStatus healthConditions:[]VolumeHealthCondition(status,reason)p<status> lastTransitionTime:t!
        GCEPersistentDiskVolumeSource pdName:s! fsType:s partition:i readOnly:b
        AWSElasticBlockStoreVolumeSource volumeID:s! fsType:s partition:i readOnly:b
        HostPathVolumeSource path:s! type:s*
        GlusterfsPersistentVolumeSource endpoints:s! path:s! readOnly:b endpointsNamespace:s*
        NFSVolumeSource server:s! path:s! readOnly:b
        RBDPersistentVolumeSource monitors:[]s! image:s! fsType:s pool:s user:s keyring:s secretRef:SecretReference* readOnly:b
        ISCSIPersistentVolumeSource targetPortal:s! iqn:s! lun:i! iscsiInterface:s fsType:s readOnly:b portals:[]s chapAuthDiscovery:b
          chapAuthSession:b secretRef:SecretReference* initiatorName:s*
        CinderPersistentVolumeSource volumeID:s! fsType:s readOnly:b secretRef:SecretReference*
        CephFSPersistentVolumeSource monitors:[]s! path:s user:s secretFile:s secretRef:SecretReference* readOnly:b
        FCVolumeSource targetWWNs:[]s lun:i* fsType:s readOnly:b wwids:[]s
        FlockerVolumeSource datasetName:s datasetUUID:s
        FlexPersistentVolumeSource driver:s! fsType:s secretRef:SecretReference* readOnly:b options:{}s
        AzureFilePersistentVolumeSource secretName:s! shareName:s! readOnly:b secretNamespace:s*!
        VsphereVirtualDiskVolumeSource volumePath:s! fsType:s storagePolicyName:s storagePolicyID:s
        QuobyteVolumeSource registry:s! volume:s! readOnly:b user:s group:s tenant:s
        AzureDiskVolumeSource diskName:s! diskURI:s! cachingMode:s* fsType:s* readOnly:b* kind:s*
        PhotonPersistentDiskVolumeSource pdID:s! fsType:s
        PortworxVolumeSource volumeID:s! fsType:s readOnly:b
        ScaleIOPersistentVolumeSource gateway:s! system:s! secretRef:SecretReference*! sslEnabled:b protectionDomain:s storagePool:s
          storageMode:s volumeName:s fsType:s readOnly:b
        LocalVolumeSource path:s! fsType:s*
        StorageOSPersistentVolumeSource volumeName:s volumeNamespace:s fsType:s readOnly:b secretRef:ObjectReference*
        CSIPersistentVolumeSource driver:s! volumeHandle:s! readOnly:b fsType:s volumeAttributes:{}s
          controllerPublishSecretRef:SecretReference* nodeStageSecretRef:SecretReference* nodePublishSecretRef:SecretReference*
          controllerExpandSecretRef:SecretReference* nodeExpandSecretRef:SecretReference*
        VolumeNodeAffinity required:NodeSelector*
        Volume name:s! hostPath:HostPathVolumeSource* emptyDir:EmptyDirVolumeSource* gcePersistentDisk:GCEPersistentDiskVolumeSource*
          awsElasticBlockStore:AWSElasticBlockStoreVolumeSource* gitRepo:GitRepoVolumeSource* secret:SecretVolumeSource*
          nfs:NFSVolumeSource* iscsi:ISCSIVolumeSource* glusterfs:GlusterfsVolumeSource*
          persistentVolumeClaim:PersistentVolumeClaimVolumeSource* rbd:RBDVolumeSource* flexVolume:FlexVolumeSource*
          cinder:CinderVolumeSource* cephfs:CephFSVolumeSource* flocker:FlockerVolumeSource* downwardAPI:DownwardAPIVolumeSource*
          fc:FCVolumeSource* azureFile:AzureFileVolumeSource* configMap:ConfigMapVolumeSource*
          vsphereVolume:VsphereVirtualDiskVolumeSource* quobyte:QuobyteVolumeSource* azureDisk:AzureDiskVolumeSource*
          photonPersistentDisk:PhotonPersistentDiskVolumeSource* projected:ProjectedVolumeSource* portworxVolume:PortworxVolumeSource*
          scaleIO:ScaleIOVolumeSource* storageos:StorageOSVolumeSource* csi:CSIVolumeSource* ephemeral:EphemeralVolumeSource*
          image:ImageVolumeSource*
        Container name:s! image:s command:[]s args:[]s workingDir:s ports:[]ContainerPort(containerPort,protocol)p<containerPort>
          envFrom:[]EnvFromSource env:[]EnvVar(name)p<name> resources:ResourceRequirements! resizePolicy:[]ContainerResizePolicy
          restartPolicy:s* restartPolicyRules:[]ContainerRestartRule volumeMounts:[]VolumeMount(mountPath)p<mountPath>
          volumeDevices:[]VolumeDevice(devicePath)p<devicePath> livenessProbe:Probe* readinessProbe:Probe* startupProbe:Probe*
          lifecycle:Lifecycle* terminationMessagePath:s terminationMessagePolicy:s imagePullPolicy:s securityContext:SecurityContext*
          stdin:b stdinOnce:b tty:b
        EphemeralContainer name:s! image:s command:[]s args:[]s workingDir:s
          ports:[]ContainerPort(containerPort,protocol)p<containerPort> envFrom:[]EnvFromSource env:[]EnvVar(name)p<name>
          resources:ResourceRequirements! resizePolicy:[]ContainerResizePolicy restartPolicy:s*
          restartPolicyRules:[]ContainerRestartRule volumeMounts:[]VolumeMount(mountPath)p<mountPath>
          volumeDevices:[]VolumeDevice(devicePath)p<devicePath> livenessProbe:Probe* readinessProbe:Probe* startupProbe:Probe*
          lifecycle:Lifecycle* terminationMessagePath:s terminationMessagePolicy:s imagePullPolicy:s securityContext:SecurityContext*
          stdin:b stdinOnce:b tty:b targetContainerName:s
        PodSecurityContext seLinuxOptions:SELinuxOptions* windowsOptions:WindowsSecurityContextOptions* runAsUser:i* runAsGroup:i*
          runAsNonRoot:b* supplementalGroups:[]i supplementalGroupsPolicy:s* fsGroup:i* sysctls:[]Sysctl fsGroupChangePolicy:s*
          seccompProfile:SeccompProfile* appArmorProfile:AppArmorProfile* seLinuxChangePolicy:s*
        Affinity nodeAffinity:NodeAffinity* podAffinity:PodAffinity* podAntiAffinity:PodAntiAffinity*
        Toleration key:s operator:s value:s effect:s tolerationSeconds:i*
        HostAlias ip:s! hostnames:[]s
        PodDNSConfig nameservers:[]s searches:[]s options:[]PodDNSConfigOption
        PodReadinessGate conditionType:s!
        TopologySpreadConstraint maxSkew:i! topologyKey:s! whenUnsatisfiable:s! labelSelector:LabelSelector* minDomains:i*
          nodeAffinityPolicy:s* nodeTaintsPolicy:s* matchLabelKeys:[]s
        PodOS name:s!
        PodSchedulingGate name:s!
        PodResourceClaim name:s! resourceClaimName:s* resourceClaimTemplateName:s*
        ResourceRequirements limits:{}q requests:{}q claims:[]ResourceClaim(name)
        PodSchedulingGroup podGroupName:s*
        EvictionResponder@ name:s! priority:i*!
        PodCondition type:s! observedGeneration:i status:s! lastProbeTime:t! lastTransitionTime:t! reason:s message:s
        HostIP ip:s!
        PodIP ip:s!
        ContainerStatus name:s! state:ContainerState! lastState:ContainerState! ready:b! restartCount:i! image:s! imageID:s!
          containerID:s started:b* allocatedResources:{}q resources:ResourceRequirements*
          volumeMounts:[]VolumeMountStatus(mountPath)p<mountPath> user:ContainerUser*
          allocatedResourcesStatus:[]ResourceStatus(name)p<name> stopSignal:s*
        PodResourceClaimStatus name:s! resourceClaimName:s*
        PodExtendedResourceClaimStatus requestMappings:[]ContainerExtendedResourceRequest! resourceClaimName:s!
        NodeAllocatableResourceClaimStatus resourceClaimName:s! containers:[]se mapping:[]NodeAllocatableMappedResources(name)p<name>
          overhead:[]NodeAllocatableOverheadResources(name)p<name>
        PodVolumeHealth name:s! healthConditions:[]VolumeHealthCondition(status,reason)p<status> lastTransitionTime:t!
        ReplicationControllerCondition type:s! status:s! lastTransitionTime:t! reason:s message:s
        ScopeSelector@ matchExpressions:[]ScopedResourceSelectorRequirement
        ServicePort name:s protocol:s appProtocol:s* port:i! targetPort:x! nodePort:i
        SessionAffinityConfig clientIP:ClientIPConfig*
        LoadBalancerStatus ingress:[]LoadBalancerIngress
        Condition type:s! status:s! observedGeneration:i lastTransitionTime:t! reason:s! message:s!
        DaemonSetUpdateStrategy type:s rollingUpdate:RollingUpdateDaemonSet*
        DaemonSetCondition type:s! status:s! lastTransitionTime:t! reason:s message:s
        DeploymentStrategy type:s rollingUpdate:RollingUpdateDeployment*
        DeploymentCondition type:s! status:s! lastUpdateTime:t! lastTransitionTime:t! reason:s message:s
        ReplicaSetCondition type:s! status:s! lastTransitionTime:t! reason:s message:s
        StatefulSetUpdateStrategy type:s rollingUpdate:RollingUpdateStatefulSetStrategy*
        StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted:s whenScaled:s
        StatefulSetOrdinals start:i!
        StatefulSetCondition type:s! status:s! lastTransitionTime:t! reason:s message:s
        UserInfo username:s uid:s groups:[]s extra:{}[]s
        ResourceAttributes namespace:s verb:s group:s version:s resource:s subresource:s name:s fieldSelector:FieldSelectorAttributes*
          labelSelector:LabelSelectorAttributes*
        NonResourceAttributes path:s verb:s
        ResourceRule verbs:[]s! apiGroups:[]s resources:[]s resourceNames:[]s
        NonResourceRule verbs:[]s! nonResourceURLs:[]s
        AutoscalingCrossVersionObjectReference kind:s! name:s! apiVersion:s
        AutoscalingMetricSpec type:s! object:AutoscalingObjectMetricSource* pods:AutoscalingPodsMetricSource*
          resource:AutoscalingResourceMetricSource* containerResource:AutoscalingContainerResourceMetricSource*
          external:AutoscalingExternalMetricSource*
        HorizontalPodAutoscalerBehavior scaleUp:HPAScalingRules* scaleDown:HPAScalingRules*
        AutoscalingMetricStatus type:s! object:AutoscalingObjectMetricStatus* pods:AutoscalingPodsMetricStatus*
          resource:AutoscalingResourceMetricStatus* containerResource:AutoscalingContainerResourceMetricStatus*
          external:AutoscalingExternalMetricStatus*
        AutoscalingHorizontalPodAutoscalerCondition type:s! status:s! lastTransitionTime:t! reason:s message:s observedGeneration:i*
        Autoscaling1CrossVersionObjectReference@ kind:s! name:s! apiVersion:s
        JobTemplateSpec metadata:ObjectMeta! spec:JobSpec!
        PodFailurePolicy rules:[]PodFailurePolicyRule!
        SuccessPolicy rules:[]SuccessPolicyRule!
        JobSchedulingConfiguration schedulingPolicy:r* schedulingConstraints:r* disruptionMode:r* resourceClaims:[]r(name)p<name>
        JobCondition type:s! status:s! lastProbeTime:t! lastTransitionTime:t! reason:s message:s
        UncountedTerminatedPods succeeded:[]se failed:[]se
        CertificateSigningRequestCondition type:s! status:s! reason:s message:s lastUpdateTime:t! lastTransitionTime:t!
        IngressClassParametersReference apiGroup:s* kind:s! name:s! scope:s*! namespace:s*
        IngressBackend service:IngressServiceBackend* resource:TypedLocalObjectReference*
        IngressTLS hosts:[]s secretName:s
        IngressRule host:s http:HTTPIngressRuleValue*
        IngressLoadBalancerStatus ingress:[]IngressLoadBalancerIngress
        ParentReference group:s resource:s namespace:s name:s
        NetworkPolicyIngressRule ports:[]NetworkPolicyPort from:[]NetworkPolicyPeer
        NetworkPolicyEgressRule ports:[]NetworkPolicyPort to:[]NetworkPolicyPeer
        StorageTokenRequest audience:s! expirationSeconds:i*
        CSINodeDriver name:s! nodeID:s! topologyKeys:[]s! allocatable:VolumeNodeResources*
        StorageHealth name:s! healthConditions:[]StorageHealthCondition
        LabelSelectorRequirement key:s! operator:s! values:[]s
        TopologySelectorLabelRequirement key:s! values:[]s!
        VolumeAttachmentSource persistentVolumeName:s* inlineVolumeSpec:PersistentVolumeSpec*
        VolumeError time:t! message:s errorCode:i*
        ParamKind@ apiVersion:s kind:s
        MatchResources@ namespaceSelector:LabelSelector* objectSelector:LabelSelector* resourceRules:[]NamedRuleWithOperations
          excludeResourceRules:[]NamedRuleWithOperations matchPolicy:s*
        Variable@ name:s! expression:s!
        Mutation patchType:s! applyConfiguration:ApplyConfiguration* jsonPatch:JSONPatch*
        MatchCondition name:s! expression:s!
        ParamRef@ name:s namespace:s selector:LabelSelector* parameterNotFoundAction:s*
        AdmissionWebhookClientConfig url:s* service:AdmissionServiceReference* caBundle:y
        RuleWithOperations operations:[]s apiGroups:[]s apiVersions:[]s resources:[]s scope:s*
        Validation expression:s! message:s reason:s* messageExpression:s
        AuditAnnotation key:s! valueExpression:s!
        TypeChecking expressionWarnings:[]ExpressionWarning
        CustomResourceDefinitionNames plural:s! singular:s shortNames:[]s kind:s! listKind:s categories:[]s
        CustomResourceDefinitionVersion name:s! served:b! storage:b! deprecated:b deprecationWarning:s* schema:CustomResourceValidation*
          subresources:CustomResourceSubresources* additionalPrinterColumns:[]CustomResourceColumnDefinition
          selectableFields:[]SelectableField
        CustomResourceConversion strategy:s! webhook:WebhookConversion*
        CustomResourceDefinitionCondition type:s! status:s! lastTransitionTime:t! reason:s message:s observedGeneration:i
        EndpointConditions ready:b* serving:b* terminating:b*
        EndpointHints forZones:[]ForZone forNodes:[]ForNode
        Preconditions uid:s* resourceVersion:s*
        BoundObjectReference kind:s apiVersion:s name:s uid:s
        ConfigMapNodeConfigSource namespace:s! name:s! uid:s resourceVersion:s kubeletConfigKey:s!
        DaemonEndpoint Port:i!
        NodeSwapStatus capacity:i*
        NodeRuntimeHandlerFeatures recursiveReadOnlyMounts:b* userNamespaces:b*
        VolumeHealthCondition status:s! reason:s! message:s
        SecretReference@ name:s namespace:s
        NodeSelector@ nodeSelectorTerms:[]NodeSelectorTerm!
        EmptyDirVolumeSource medium:s sizeLimit:q* mode:i*
        GitRepoVolumeSource repository:s! revision:s directory:s
        SecretVolumeSource secretName:s items:[]KeyToPath defaultMode:i* optional:b* defaultUser:i*
        ISCSIVolumeSource targetPortal:s! iqn:s! lun:i! iscsiInterface:s fsType:s readOnly:b portals:[]s chapAuthDiscovery:b
          chapAuthSession:b secretRef:LocalObjectReference* initiatorName:s*
        GlusterfsVolumeSource endpoints:s! path:s! readOnly:b
        PersistentVolumeClaimVolumeSource claimName:s! readOnly:b
        RBDVolumeSource monitors:[]s! image:s! fsType:s pool:s user:s keyring:s secretRef:LocalObjectReference* readOnly:b
        FlexVolumeSource driver:s! fsType:s secretRef:LocalObjectReference* readOnly:b options:{}s
        CinderVolumeSource volumeID:s! fsType:s readOnly:b secretRef:LocalObjectReference*
        CephFSVolumeSource monitors:[]s! path:s user:s secretFile:s secretRef:LocalObjectReference* readOnly:b
        DownwardAPIVolumeSource items:[]DownwardAPIVolumeFile defaultMode:i* defaultUser:i*
        AzureFileVolumeSource secretName:s! shareName:s! readOnly:b
        ConfigMapVolumeSource name:s items:[]KeyToPath defaultMode:i* optional:b* defaultUser:i*
        ProjectedVolumeSource sources:[]VolumeProjection! defaultMode:i* defaultUser:i*
        ScaleIOVolumeSource gateway:s! system:s! secretRef:LocalObjectReference*! sslEnabled:b protectionDomain:s storagePool:s
          storageMode:s volumeName:s fsType:s readOnly:b
        StorageOSVolumeSource volumeName:s volumeNamespace:s fsType:s readOnly:b secretRef:LocalObjectReference*
        CSIVolumeSource driver:s! readOnly:b* fsType:s* volumeAttributes:{}s nodePublishSecretRef:LocalObjectReference*
        EphemeralVolumeSource volumeClaimTemplate:PersistentVolumeClaimTemplate*
        ImageVolumeSource reference:s pullPolicy:s
        ContainerPort name:s hostPort:i containerPort:i! protocol:s hostIP:s
        EnvFromSource prefix:s configMapRef:ConfigMapEnvSource* secretRef:SecretEnvSource*
        EnvVar name:s! value:s valueFrom:EnvVarSource*
        ContainerResizePolicy resourceName:s! restartPolicy:s!
        ContainerRestartRule action:s exitCodes:ContainerRestartRuleOnExitCodes*
        VolumeMount name:s! readOnly:b recursiveReadOnly:s* mountPath:s! subPath:s mountPropagation:s* subPathExpr:s
          bindMountOptions:[]se
        VolumeDevice name:s! devicePath:s!
        Probe exec:ExecAction* httpGet:HTTPGetAction* tcpSocket:TCPSocketAction* grpc:GRPCAction* initialDelaySeconds:i timeoutSeconds:i
          periodSeconds:i successThreshold:i failureThreshold:i terminationGracePeriodSeconds:i*
        Lifecycle postStart:LifecycleHandler* preStop:LifecycleHandler* stopSignal:s*
        SecurityContext capabilities:Capabilities* privileged:b* seLinuxOptions:SELinuxOptions*
          windowsOptions:WindowsSecurityContextOptions* runAsUser:i* runAsGroup:i* runAsNonRoot:b* readOnlyRootFilesystem:b*
          allowPrivilegeEscalation:b* procMount:s* seccompProfile:SeccompProfile* appArmorProfile:AppArmorProfile*
        SELinuxOptions user:s role:s type:s level:s
        WindowsSecurityContextOptions gmsaCredentialSpecName:s* gmsaCredentialSpec:s* runAsUserName:s* hostProcess:b*
        Sysctl name:s! value:s!
        SeccompProfile type:s! localhostProfile:s*
        AppArmorProfile type:s! localhostProfile:s*
        NodeAffinity requiredDuringSchedulingIgnoredDuringExecution:NodeSelector*
          preferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm
        PodAffinity requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
          preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
        PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
          preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm
        PodDNSConfigOption name:s value:s*
        ResourceClaim name:s! request:s
        ContainerState waiting:ContainerStateWaiting* running:ContainerStateRunning* terminated:ContainerStateTerminated*
        VolumeMountStatus name:s! mountPath:s! readOnly:b recursiveReadOnly:s* volumeStatus:VolumeStatus*
        ContainerUser linux:LinuxContainerUser*
        ResourceStatus name:s! resources:[]ResourceHealth(resourceID)
        ContainerExtendedResourceRequest containerName:s! resourceName:s! requestName:s!
        NodeAllocatableMappedResources name:s! quantity:q*!
        NodeAllocatableOverheadResources name:s! perPod:q* perContainer:q*
        ScopedResourceSelectorRequirement scopeName:s! operator:s! values:[]s
        ClientIPConfig timeoutSeconds:i*
        LoadBalancerIngress ip:s hostname:s ipMode:s* ports:[]PortStatus
        RollingUpdateDaemonSet maxUnavailable:x* maxSurge:x*
        RollingUpdateDeployment maxUnavailable:x* maxSurge:x*
        RollingUpdateStatefulSetStrategy partition:i* maxUnavailable:x*
        FieldSelectorAttributes rawSelector:s requirements:[]FieldSelectorRequirement
        LabelSelectorAttributes rawSelector:s requirements:[]LabelSelectorRequirement
        AutoscalingObjectMetricSource describedObject:AutoscalingCrossVersionObjectReference! target:MetricTarget!
          metric:MetricIdentifier!
        AutoscalingPodsMetricSource metric:MetricIdentifier! target:MetricTarget!
        AutoscalingResourceMetricSource name:s! target:MetricTarget!
        AutoscalingContainerResourceMetricSource name:s! target:MetricTarget! container:s!
        AutoscalingExternalMetricSource metric:MetricIdentifier! target:MetricTarget!
        HPAScalingRules stabilizationWindowSeconds:i* selectPolicy:s* policies:[]HPAScalingPolicy tolerance:q*
        AutoscalingObjectMetricStatus metric:MetricIdentifier! current:MetricValueStatus!
          describedObject:AutoscalingCrossVersionObjectReference!
        AutoscalingPodsMetricStatus metric:MetricIdentifier! current:MetricValueStatus!
        AutoscalingResourceMetricStatus name:s! current:MetricValueStatus!
        AutoscalingContainerResourceMetricStatus name:s! current:MetricValueStatus! container:s!
        AutoscalingExternalMetricStatus metric:MetricIdentifier! current:MetricValueStatus!
        PodFailurePolicyRule action:s! onExitCodes:PodFailurePolicyOnExitCodesRequirement*
          onPodConditions:[]PodFailurePolicyOnPodConditionsPattern
        SuccessPolicyRule succeededIndexes:s* succeededCount:i*
        IngressServiceBackend name:s! port:ServiceBackendPort!
        HTTPIngressRuleValue paths:[]HTTPIngressPath!
        IngressLoadBalancerIngress ip:s hostname:s ports:[]IngressPortStatus
        NetworkPolicyPort protocol:s* port:x* endPort:i*
        NetworkPolicyPeer podSelector:LabelSelector* namespaceSelector:LabelSelector* ipBlock:IPBlock*
        VolumeNodeResources count:i*
        StorageHealthCondition status:s! reason:s! message:s accessMode:s* volumeMode:s* lastTransitionTime:t!
        NamedRuleWithOperations@ resourceNames:[]s operations:[]s apiGroups:[]s apiVersions:[]s resources:[]s scope:s*
        ApplyConfiguration expression:s
        JSONPatch expression:s
        AdmissionServiceReference namespace:s! name:s! path:s* port:i*
        ExpressionWarning fieldRef:s! warning:s!
        CustomResourceValidation openAPIV3Schema:r*
        CustomResourceSubresources status:r* scale:CustomResourceSubresourceScale*
        CustomResourceColumnDefinition name:s! type:s! format:s description:s priority:i jsonPath:s!
        SelectableField jsonPath:s!
        WebhookConversion clientConfig:ApiextensionsWebhookClientConfig* conversionReviewVersions:[]s!
        ForZone name:s!
        ForNode name:s!
        NodeSelectorTerm@ matchExpressions:[]NodeSelectorRequirement matchFields:[]NodeSelectorRequirement
        KeyToPath key:s! path:s! mode:i* user:i*
        DownwardAPIVolumeFile path:s! fieldRef:ObjectFieldSelector* resourceFieldRef:ResourceFieldSelector* mode:i* user:i*
        VolumeProjection secret:SecretProjection* downwardAPI:DownwardAPIProjection* configMap:ConfigMapProjection*
          serviceAccountToken:ServiceAccountTokenProjection* clusterTrustBundle:ClusterTrustBundleProjection*
          podCertificate:PodCertificateProjection*
        PersistentVolumeClaimTemplate metadata:ObjectMeta! spec:PersistentVolumeClaimSpec!
        ConfigMapEnvSource name:s optional:b*
        SecretEnvSource name:s optional:b*
        EnvVarSource fieldRef:ObjectFieldSelector* resourceFieldRef:ResourceFieldSelector* configMapKeyRef:ConfigMapKeySelector*
          secretKeyRef:SecretKeySelector* fileKeyRef:FileKeySelector*
        ContainerRestartRuleOnExitCodes operator:s values:[]ie
        ExecAction command:[]s
        HTTPGetAction path:s port:x! host:s scheme:s httpHeaders:[]HTTPHeader protocol:s*
        TCPSocketAction port:x! host:s
        GRPCAction port:i! service:s*! mode:s*
        LifecycleHandler exec:ExecAction* httpGet:HTTPGetAction* tcpSocket:TCPSocketAction* sleep:SleepAction*
        Capabilities add:[]s drop:[]s
        PreferredSchedulingTerm weight:i! preference:NodeSelectorTerm!
        PodAffinityTerm labelSelector:LabelSelector* namespaces:[]s topologyKey:s! namespaceSelector:LabelSelector* matchLabelKeys:[]s
          mismatchLabelKeys:[]s
        WeightedPodAffinityTerm weight:i! podAffinityTerm:PodAffinityTerm!
        ContainerStateWaiting reason:s message:s
        ContainerStateRunning startedAt:t!
        ContainerStateTerminated exitCode:i! signal:i reason:s message:s startedAt:t! finishedAt:t! containerID:s
        VolumeStatus image:ImageVolumeStatus*
        LinuxContainerUser uid:i! gid:i! supplementalGroups:[]i
        ResourceHealth resourceID:s! health:s message:s*
        PortStatus port:i! protocol:s! error:s*
        FieldSelectorRequirement key:s! operator:s! values:[]s
        MetricTarget type:s! value:q* averageValue:q* averageUtilization:i*
        MetricIdentifier name:s! selector:LabelSelector*
        HPAScalingPolicy type:s! value:i! periodSeconds:i!
        MetricValueStatus value:q* averageValue:q* averageUtilization:i*
        PodFailurePolicyOnExitCodesRequirement containerName:s* operator:s! values:[]i!e
        PodFailurePolicyOnPodConditionsPattern type:s! status:s!
        ServiceBackendPort@ name:s number:i
        HTTPIngressPath path:s pathType:s*! backend:IngressBackend!
        IngressPortStatus port:i! protocol:s! error:s*
        IPBlock cidr:s! except:[]s
        CustomResourceSubresourceScale specReplicasPath:s! statusReplicasPath:s! labelSelectorPath:s*
        ApiextensionsWebhookClientConfig url:s* service:ApiextensionsServiceReference* caBundle:y
        NodeSelectorRequirement key:s! operator:s! values:[]s
        ObjectFieldSelector@ apiVersion:s fieldPath:s!
        ResourceFieldSelector@ containerName:s resource:s! divisor:q!
        SecretProjection name:s items:[]KeyToPath optional:b*
        DownwardAPIProjection items:[]DownwardAPIVolumeFile
        ConfigMapProjection name:s items:[]KeyToPath optional:b*
        ServiceAccountTokenProjection audience:s expirationSeconds:i* path:s! user:i*
        ClusterTrustBundleProjection name:s* signerName:s* labelSelector:LabelSelector* optional:b* path:s! user:i*
        PodCertificateProjection signerName:s keyType:s maxExpirationSeconds:i* credentialBundlePath:s keyPath:s certificateChainPath:s
          userAnnotations:{}s user:i*
        ConfigMapKeySelector@ name:s key:s! optional:b*
        SecretKeySelector@ name:s key:s! optional:b*
        FileKeySelector@ volumeName:s! path:s! key:s! optional:b*
        HTTPHeader name:s! value:s!
        SleepAction seconds:i!
        ImageVolumeStatus imageRef:s
        ApiextensionsServiceReference namespace:s! name:s! path:s* port:i*
        """
}
