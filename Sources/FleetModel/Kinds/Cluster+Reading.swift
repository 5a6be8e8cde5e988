// SPDX-License-Identifier: Apache-2.0

extension Cluster {
    static func read(_ name: String, _ labels: [String: String], _ spec: Node) -> Cluster {
        var cluster = Cluster(name: name)
        cluster.labels = labels
        guard let fields = spec.members("variables", "paused", "credentialEpoch") else { return cluster }
        cluster.variables = fields["variables"]?.variables() ?? [:]
        cluster.paused = fields["paused"]?.flag() ?? false
        cluster.credentialEpoch = fields["credentialEpoch"]?.integer(0...Int(Int32.max)) ?? 0
        return cluster
    }
}
