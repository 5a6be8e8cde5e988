// SPDX-License-Identifier: Apache-2.0

import Manifests

// Garbage collection by owner, finalizers of the server's own, and definitions of custom resources.
extension ClusterCore {
    // MARK: - Garbage collection

    /// Removes the objects whose owner is gone and that have no other one.
    func collectOrphans(of uid: String) {
        guard !uid.isEmpty else { return }
        for (place, object) in store.dependants(of: uid) {
            guard let type = storedType(place.resource) else { continue }
            let others = object.ownerReferences.filter { $0["uid"]?.string != uid && ownerExists($0, object.namespace) }
            if others.isEmpty {
                guard !object.isTerminating else { continue }
                var options = DeleteOptions()
                options.propagation = .background
                _ = delete(object, type, options)
            } else {
                var kept = object
                kept.set(.list(others), "metadata", "ownerReferences")
                write(type, object, kept)
            }
        }
    }

    private func storedType(_ resource: ResourceKey) -> ResourceType? { types.first { $0.key == resource } }

    private func ownerExists(_ owner: Value, _ namespace: String) -> Bool {
        guard let type = type(apiVersion: owner["apiVersion"]?.string ?? "", kind: owner["kind"]?.string ?? "") else { return true }
        return get(type, namespace, owner["name"]?.string ?? "")?.uid == owner["uid"]?.string
    }

    /// Does what a terminating object's own finalizers ask for.
    func reconcileTerminating(_ resource: ResourceKey, _ name: ObjectName) {
        guard let object = store.get(resource, name), object.isTerminating,
            let type = types.first(where: { $0.key == resource })
        else { return }
        let finalizers = object.finalizers
        if finalizers.contains("orphan") {
            for (type, dependant) in dependants(of: object) {
                var freed = dependant
                let others = dependant.ownerReferences.filter { $0["uid"]?.string != object.uid }
                freed.set(others.isEmpty ? nil : .list(others), "metadata", "ownerReferences")
                write(type, dependant, freed)
            }
            return finish("orphan", resource, name, type)
        }
        if finalizers.contains("foregroundDeletion") {
            var blocks = false
            for (type, dependant) in dependants(of: object) {
                let reference = dependant.ownerReferences.first { $0["uid"]?.string == object.uid }
                if reference?["blockOwnerDeletion"]?.bool == true { blocks = true }
                guard !dependant.isTerminating else { continue }
                var options = DeleteOptions()
                options.propagation = .foreground
                _ = delete(dependant, type, options)
            }
            if !blocks || !dependants(of: object).contains(where: { Self.blocks($0.1, object) }) {
                return finish("foregroundDeletion", resource, name, type)
            }
            return
        }
        if finalizers == ["kubernetes.io/pvc-protection"] {
            let isUsed = store.list(pods.key, namespace: object.namespace).contains { pod in
                (pod.at("spec", "volumes")?.list ?? []).contains { $0.at("persistentVolumeClaim", "claimName")?.string == object.name }
            }
            if isUsed { return after(.milliseconds(500), .terminating(resource, name)) }
            return finish("kubernetes.io/pvc-protection", resource, name, type)
        }
        if finalizers == ["kubernetes.io/pv-protection"], object.at("status", "phase") != "Bound" {
            return finish("kubernetes.io/pv-protection", resource, name, type)
        }
        if finalizers.contains("customresourcecleanup.apiextensions.k8s.io") { enqueue(.definition(name.name)) }
    }

    private static func blocks(_ dependant: Value, _ owner: Value) -> Bool {
        dependant.ownerReferences.contains { $0["uid"]?.string == owner.uid && $0["blockOwnerDeletion"]?.bool == true }
    }

    private func dependants(of owner: Value) -> [(ResourceType, Value)] {
        store.dependants(of: owner.uid).compactMap { place, object in storedType(place.resource).map { ($0, object) } }
    }

    func finish(_ finalizer: String, _ resource: ResourceKey, _ name: ObjectName, _ type: ResourceType) {
        guard var object = store.get(resource, name) else { return }
        let left = object.finalizers.filter { $0 != finalizer }
        object.set(left.isEmpty ? nil : .list(left.map { .string($0) }), "metadata", "finalizers")
        release(object, type)
    }

    // MARK: - Definitions of custom resources

    func reconcileDefinition(_ name: String) {
        let definitions = builtIn("customresourcedefinitions", group: "apiextensions.k8s.io")
        guard let definition = get(definitions, "", name) else { return serveDefinitions(definitions) }
        if definition.isTerminating {
            let served = types.filter { $0.custom?.definition == name }
            for type in served.prefix(1) {
                for object in store.list(type.key) where !object.isTerminating {
                    var options = DeleteOptions()
                    options.propagation = .background
                    _ = delete(object, type, options)
                }
                if store.count(type.key) > 0 { return }
            }
            return finish(
                "customresourcecleanup.apiextensions.k8s.io", definitions.key, ObjectName(namespace: "", name: name), definitions)
        }
        if Workload.condition(definition, "Established")?["status"] != "True" {
            let key = WorkItem.definition(name)
            guard let due = definitionsDue[name] else {
                definitionsDue[name] = now + behaviour.definitionDelay
                return after(behaviour.definitionDelay, key)
            }
            guard now >= due else { return }
            definitionsDue[name] = nil
            func condition(_ type: String, _ reason: String, _ message: String) -> Value {
                [
                    "type": .string(type), "status": "True", "lastTransitionTime": .string(stamp), "reason": .string(reason),
                    "message": .string(message),
                ]
            }
            writeStatus(
                definitions, definition,
                [
                    "conditions": [
                        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
                    ],
                    "acceptedNames": definition.at("spec", "names") ?? [:], "storedVersions": .list(Self.storedVersions(definition)),
                ])
        }
        serveDefinitions(definitions)
    }

    /// Serves what the established definitions describe.
    func serveDefinitions(_ definitions: ResourceType) {
        let established = store.list(definitions.key).filter { Workload.condition($0, "Established")?["status"] == "True" }
        setCustomTypes(established.flatMap(CustomResource.types))
    }
}
