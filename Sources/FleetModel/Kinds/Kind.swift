// SPDX-License-Identifier: Apache-2.0

/// The kinds that a fleet repository declares, all of `flotilla.dev/v1alpha1`.
package enum Kind: String, Sendable, Hashable, CaseIterable {
    case cluster = "Cluster"
    case application = "Application"
    case environment = "Environment"
    case pipeline = "Pipeline"
    case repository = "Repository"
    case accessPolicy = "AccessPolicy"
    case notification = "Notification"

    package static let apiVersion = "flotilla.dev/v1alpha1"
    package static let apiGroup = "flotilla.dev"
}
