// SPDX-License-Identifier: Apache-2.0

import Manifests

extension ClusterCore {
    /// Admission of what has passed validation: pod security, policies, webhooks.
    func admit(_ operation: String, _ object: Value?, old: Value?, _ context: inout Context) throws(StatusError) {
        if context.isFromController, context.type.kind == "Event" { return }
        try admitFault(context.type)
        try admitWebhooks(operation, object, old: old, &context)
        if let object, operation != "DELETE" {
            try admitSecurity(object, &context)
            if let old, context.type.kind == "Namespace" { warnOfPods(in: object, old: old, &context) }
        }
        try admitPolicies(operation, object, old: old, &context)
    }

    private static let mutating = ResourceKey(group: "admissionregistration.k8s.io", plural: "mutatingwebhookconfigurations")
    private static let validating = ResourceKey(group: "admissionregistration.k8s.io", plural: "validatingwebhookconfigurations")

    /// Webhooks behind services: asked only whether they could answer. One without a ready endpoint fails as its policy says; one with
    /// endpoints lets everything pass, because the pods behind it are only written down. Those with a URL are never called.
    private func admitWebhooks(_ operation: String, _ object: Value?, old: Value?, _ context: inout Context) throws(StatusError) {
        guard store.count(Self.mutating) + store.count(Self.validating) > 0, context.type.group != Self.mutating.group else { return }
        for configuration in store.list(Self.mutating) + store.list(Self.validating) {
            for webhook in configuration["webhooks"]?.list ?? [] {
                guard let service = webhook.at("clientConfig", "service"), webhook["failurePolicy"]?.string != "Ignore",
                    matches(webhook, operation, object, old, context), let why = unreachable(service)
                else { continue }
                let path = service["path"]?.string ?? "/"
                let host = "\(service["name"]?.string ?? "").\(service["namespace"]?.string ?? "").svc"
                let timeout = webhook["timeoutSeconds"]?.int ?? 10
                throw Self.webhookFailure(
                    webhook["name"]?.string ?? "",
                    "failed to call webhook: Post \"https://\(host):\(service["port"]?.int ?? 443)\(path)?timeout=\(timeout)s\": \(why)")
            }
        }
    }

    private func unreachable(_ reference: Value) -> String? {
        let name = reference["name"]?.string ?? ""
        let namespace = reference["namespace"]?.string ?? ""
        guard let service = get(builtIn("services"), namespace, name) else { return "service \"\(name)\" not found" }
        guard let selector = service.at("spec", "selector") else { return nil }
        let wanted = LabelSelector(object: ["matchLabels": selector])
        let isServed = store.list(pods.key, namespace: namespace).contains { wanted.matches($0.labels) && Workload.isReady($0) }
        return isServed ? nil : "no endpoints available for service \"\(name)\""
    }
}
