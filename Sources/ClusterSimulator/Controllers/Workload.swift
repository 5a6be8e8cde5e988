// SPDX-License-Identifier: Apache-2.0

import Manifests

/// What the controllers have in common.
enum Workload {
    static func images(_ containers: Value?) -> [String] { containers?.list?.compactMap { $0["image"]?.string } ?? [] }

    /// A selector in its text form, as `status.selector` of a scale has it.
    static func selectorText(_ selector: Value?) -> String {
        var parts = (selector?["matchLabels"]?.map ?? Map()).map { "\($0.key)=\($0.value.string ?? "")" }.sorted()
        for expression in selector?["matchExpressions"]?.list ?? [] {
            let key = expression["key"]?.string ?? ""
            let values = (expression["values"]?.list ?? []).compactMap(\.string).sorted().joined(separator: ",")
            switch expression["operator"]?.string {
            case "In": parts.append("\(key) in (\(values))")
            case "NotIn": parts.append("\(key) notin (\(values))")
            case "Exists": parts.append(key)
            default: parts.append("!\(key)")
            }
        }
        return parts.joined(separator: ",")
    }

    static func isReady(_ pod: Value) -> Bool {
        !pod.isTerminating && condition(pod, "Ready")?["status"] == "True"
    }

    /// Ready for at least `seconds`.
    static func isAvailable(_ pod: Value, _ seconds: Int64, now: Timestamp) -> Bool {
        guard isReady(pod) else { return false }
        if seconds == 0 { return true }
        guard let since = condition(pod, "Ready")?["lastTransitionTime"]?.string.flatMap({ Timestamp(rfc3339: $0) }) else { return false }
        return now >= since + .seconds(seconds)
    }

    static func condition(_ object: Value, _ type: String) -> Value? {
        object.at("status", "conditions")?.list?.first { $0["type"]?.string == type }
    }

    static func controller(_ object: Value) -> Value? { object.ownerReferences.first { $0["controller"]?.bool == true } }

    static func owner(_ object: Value, _ type: ResourceType) -> Value {
        [
            "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "name": .string(object.name), "uid": .string(object.uid),
            "controller": true, "blockOwnerDeletion": true,
        ]
    }

    /// A short stable name for a pod template: the same template, the same hash.
    static func hash(_ template: Value, _ salt: Int64 = 0) -> String {
        var template = template
        template.set(nil, "metadata", "labels", "pod-template-hash")
        let digest = Digest.sha256(Canonical.bytes(template) + Array(String(salt).utf8)).bytes
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String(digest.prefix(10).map { alphabet[Int($0) % alphabet.count] })
    }

    /// A share such as `25%` or a number, of a total.
    static func share(_ value: Value?, of total: Int64, roundsUp: Bool) -> Int64 {
        switch value {
        case .int(let number)?: return number
        case .string(let text)?:
            guard text.hasSuffix("%"), let percent = Int64(text.dropLast()) else { return Int64(text) ?? 0 }
            let product = percent * total
            return roundsUp ? (product + 99) / 100 : product / 100
        default: return 0
        }
    }
}

extension ClusterCore {
    static let controllerManager = "kube"

    var pods: ResourceType { builtIn("pods") }
    var replicaSets: ResourceType { builtIn("replicasets", group: "apps") }
    var deployments: ResourceType { builtIn("deployments", group: "apps") }

    /// Wakes the controllers that a change concerns.
    func noticed(_ event: Store.Event, _ type: ResourceType) {
        let name = event.name
        switch (type.group, type.kind) {
        case ("apps", "Deployment"): enqueue(.deployment(name))
        case ("apps", "ReplicaSet"):
            enqueue(.replicaSet(name))
            wakeOwner(event)
        case ("apps", "StatefulSet"): enqueue(.statefulSet(name))
        case ("apps", "DaemonSet"): enqueue(.daemonSet(name))
        case ("batch", "Job"): enqueue(.job(name))
        case ("", "Pod"):
            enqueue(.pod(name))
            wakeOwner(event)
            wakeServices(event)
        case ("", "PersistentVolumeClaim"): enqueue(.claim(name))
        case ("", "PersistentVolume"): enqueue(.volume(name))
        case ("", "Service"): enqueue(.service(name))
        case ("", "Namespace"): enqueue(.namespace(name.name))
        case ("", "ResourceQuota"): enqueue(.quota(name.namespace))
        case ("policy", "PodDisruptionBudget"): enqueue(.budget(name))
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): enqueue(.definition(name.name))
        case ("", "Node") where event.old == nil || event.new == nil:
            for object in store.list(builtIn("daemonsets", group: "apps").key) {
                enqueue(.daemonSet(ObjectName(namespace: object.namespace, name: object.name)))
            }
        default: break
        }
        if let custom = type.custom, event.new == nil { enqueue(.definition(custom.definition)) }
        if let new = event.new {
            if new.isTerminating { enqueue(.terminating(type.key, name)) }
        } else {
            if let old = event.old { enqueue(.orphansOf(old.uid)) }
            if type.isNamespaced,
                store.get(builtIn("namespaces").key, ObjectName(namespace: "", name: name.namespace))?.isTerminating == true
            {
                enqueue(.namespace(name.namespace))
            }
            for owner in event.old?.ownerReferences ?? [] where owner["blockOwnerDeletion"]?.bool == true {
                wakeTerminatingOwner(owner, name.namespace)
            }
        }
        if store.count(builtIn("resourcequotas").key) > 0, event.old == nil || event.new == nil { enqueue(.quota(name.namespace)) }
    }

    private func wakeTerminatingOwner(_ owner: Value, _ namespace: String) {
        guard let type = type(apiVersion: owner["apiVersion"]?.string ?? "", kind: owner["kind"]?.string ?? "") else { return }
        enqueue(.terminating(type.key, ObjectName(namespace: type.isNamespaced ? namespace : "", name: owner["name"]?.string ?? "")))
    }

    private func wakeOwner(_ event: Store.Event) {
        for object in [event.old, event.new].compactMap({ $0 }) {
            guard let owner = Workload.controller(object), let name = owner["name"]?.string else { continue }
            let target = ObjectName(namespace: event.name.namespace, name: name)
            switch owner["kind"]?.string {
            case "Deployment": enqueue(.deployment(target))
            case "ReplicaSet": enqueue(.replicaSet(target))
            case "StatefulSet": enqueue(.statefulSet(target))
            case "DaemonSet": enqueue(.daemonSet(target))
            case "Job": enqueue(.job(target))
            default: break
            }
        }
    }

    private func wakeServices(_ event: Store.Event) {
        // Those that choose the pod, or chose it until now.
        let labels = [event.old, event.new].compactMap { $0?.labels }
        for service in store.list(builtIn("services").key, namespace: event.name.namespace) {
            guard let selector = service.at("spec", "selector")?.map,
                labels.contains(where: { labels in selector.allSatisfy { labels[$0.key] == $0.value } })
            else { continue }
            enqueue(.service(ObjectName(namespace: service.namespace, name: service.name)))
        }
        for budget in store.list(builtIn("poddisruptionbudgets", group: "policy").key, namespace: event.name.namespace) {
            enqueue(.budget(ObjectName(namespace: budget.namespace, name: budget.name)))
        }
    }

    func perform(_ item: WorkItem) {
        switch item {
        case .deployment(let name): reconcileDeployment(name)
        case .replicaSet(let name): reconcileReplicaSet(name)
        case .statefulSet(let name): reconcileStatefulSet(name)
        case .daemonSet(let name): reconcileDaemonSet(name)
        case .job(let name): reconcileJob(name)
        case .pod(let name): reconcilePod(name)
        case .claim(let name): reconcileClaim(name)
        case .volume(let name): reconcileVolume(name)
        case .service(let name): reconcileService(name)
        case .namespace(let name): reconcileNamespace(name)
        case .definition(let name): reconcileDefinition(name)
        case .orphansOf(let uid): collectOrphans(of: uid)
        case .terminating(let resource, let name): reconcileTerminating(resource, name)
        case .quota(let namespace): reconcileQuotas(namespace)
        case .budget(let name): reconcileBudget(name)
        }
    }

    // MARK: - Writing as a controller

    /// Stores a new status when it differs.
    @discardableResult func writeStatus(
        _ type: ResourceType, _ live: Value, _ status: Value, annotations: Map = [:], manager: String = controllerManager
    ) -> Value {
        var object = live
        object.set(status, "status")
        for entry in annotations { object.set(entry.value, "metadata", "annotations", entry.key) }
        return write(type, live, object, subresource: "status", manager: manager)
    }

    /// Stores a change of an object when there is one.
    @discardableResult func write(
        _ type: ResourceType, _ live: Value, _ changed: Value, subresource: String = "", manager: String = controllerManager
    ) -> Value {
        var object = Codec.encode(changed, type.shape)
        if object == live { return live }
        object = FieldManager(type: type, subresource: subresource, now: now).update(live: live, new: object, manager: manager)
        if type.countsGenerations, subresource.isEmpty, Self.wish(object) != Self.wish(live) {
            object.set(.int(live.generation + 1), "metadata", "generation")
        }
        return put(type, object)
    }

    /// Creates an object as a controller does: through defaulting and admission.
    /// - Returns: the object, or why it was refused.
    func createAsController(_ type: ResourceType, _ given: Value) -> Result<Value, StatusError> {
        var context = Context(
            request: APIRequest(method: "POST", path: "", query: [("fieldManager", Self.controllerManager)]), user: .admin, type: type,
            namespace: given.namespace, name: nil, subresource: nil, isFromController: true)
        var object = given
        object.set(.string(type.kind), "kind")
        object.set(.string(type.apiVersion), "apiVersion")
        do throws(StatusError) {
            return .success(try create(&context, object, applied: false))
        } catch {
            return .failure(error)
        }
    }

    /// Records an event about an object.
    func emit(_ kind: String, _ reason: String, _ message: String, about object: Value, component: String) {
        let events = builtIn("events")
        let place = object.namespace.isEmpty ? "default" : object.namespace
        if store.count(events.key) >= 250,
            let oldest = store.list(events.key).min(by: { Int64($0.resourceVersion) ?? 0 < Int64($1.resourceVersion) ?? 0 })
        {
            erase(events, oldest)
        }
        // By time, so that they list in the order in which they came up.
        eventNumber += 1
        let suffix = String(now.seconds &* 1_000_000_000 &+ eventNumber, radix: 16)
        _ = createAsController(
            events,
            [
                "metadata": ["name": .string("\(object.name).\(suffix)"), "namespace": .string(place)],
                "involvedObject": [
                    "kind": object["kind"] ?? "", "namespace": .string(object.namespace), "name": .string(object.name),
                    "uid": .string(object.uid),
                    "apiVersion": object["apiVersion"] ?? "", "resourceVersion": .string(object.resourceVersion),
                ],
                "reason": .string(reason), "message": .string(message), "source": ["component": .string(component)],
                "firstTimestamp": .string(stamp), "lastTimestamp": .string(stamp), "count": 1, "type": .string(kind), "eventTime": .null,
                "reportingComponent": .string(component), "reportingInstance": "",
            ])
    }

    /// The pods that an owner controls.
    func controlled(_ resource: ResourceType, by owner: Value) -> [Value] {
        let uid = owner.uid
        return store.dependants(of: uid).filter {
            $0.place.resource == resource.key && $0.place.name.namespace == owner.namespace
                && Workload.controller($0.object)?["uid"]?.string == uid
        }.map(\.object)
    }

    /// Changes a condition, its transition time only when the status changes; new ones go to the end.
    func setting(
        _ conditions: [Value], _ type: String, _ status: String, _ reason: String, _ message: String, updates: Bool = true
    ) -> [Value] {
        var result = conditions
        let index = result.firstIndex { $0["type"]?.string == type }
        let old = index.map { result[$0] }
        if let old, old["status"]?.string == status, old["reason"]?.string == reason, !updates || old["message"]?.string == message {
            return result
        }
        let transition = old?["status"]?.string == status ? old?["lastTransitionTime"] ?? .string(stamp) : .string(stamp)
        let condition: Value = [
            "type": .string(type), "status": .string(status), "lastUpdateTime": .string(stamp), "lastTransitionTime": transition,
            "reason": .string(reason), "message": .string(message),
        ]
        if let index { result.remove(at: index) }
        result.append(condition)
        return result
    }
}
