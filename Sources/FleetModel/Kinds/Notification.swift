// SPDX-License-Identifier: Apache-2.0

/// Where to tell people about events.
package struct Notification: Sendable, Hashable {
    package var name: String
    package var labels: [String: String] = [:]
    package var type = Transport.webhook
    /// The name of the stored secret that holds the address.
    package var urlFrom: String
    package var events: [Event] = []
    /// `nil` is every pipeline.
    package var pipelines: [String]?

    package init(name: String, urlFrom: String) {
        self.name = name
        self.urlFrom = urlFrom
    }

    package enum Transport: String, Sendable, CaseIterable {
        case slack, teams, webhook, email
    }

    package enum Event: String, Sendable, CaseIterable {
        case rolloutStarted, rolloutFinished, rolloutFailed, approvalNeeded, held, drift, clusterOffline
    }
}
