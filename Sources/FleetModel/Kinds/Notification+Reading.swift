// SPDX-License-Identifier: Apache-2.0

extension Notification {
    static func read(_ name: String, _ labels: [String: String], _ spec: Node) -> Notification? {
        guard let fields = spec.members("type", "urlFrom", "events", "pipelines") else { return nil }
        var notification = Notification(name: name, urlFrom: fields.required("urlFrom")?.text() ?? "")
        notification.labels = labels
        notification.type = fields.required("type")?.choice() ?? .webhook
        notification.events = fields.required("events")?.items().compactMap { $0.choice() } ?? []
        notification.pipelines = fields["pipelines"]?.names()
        return notification
    }
}
