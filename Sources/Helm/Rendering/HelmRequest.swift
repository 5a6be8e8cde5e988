// SPDX-License-Identifier: Apache-2.0
import GoTemplate
package import Manifests

/// For what a chart is rendered.
package struct HelmRequest: Sendable {
    /// `.Release.Name`; at most 53 characters of a DNS name, as Helm has it.
    package var releaseName: String
    /// `.Release.Namespace`
    package var namespace: String
    /// Given values, over the chart's own.
    package var values = Map()
    /// `.Capabilities.KubeVersion`, such as `v1.31.0`.
    package var kubernetesVersion: String
    /// `.Capabilities.APIVersions`
    package var apiVersions: [String]

    package init(releaseName: String, namespace: String, kubernetesVersion: String, apiVersions: [String]? = nil) {
        self.releaseName = releaseName
        self.namespace = namespace
        self.kubernetesVersion = kubernetesVersion
        self.apiVersions = apiVersions ?? Self.standardAPIVersions
    }

    /// `.Capabilities.APIVersions` where no cluster is asked.
    package static var standardAPIVersions: [String] { Capabilities.defaultAPIVersions }
    /// `.Capabilities.KubeVersion` where no cluster is asked.
    package static let standardKubernetesVersion = "v1.35.0"
}

/// What a chart renders to.
package struct HelmRender: Sendable {
    /// In the order in which Helm installs them.
    package var manifests: [HelmManifest]
    package var hooks: [HelmManifest]
    /// `crds/`: the files of CustomResourceDefinitions, as they stand.
    package var definitions: [Chart.File]
    /// Functions that were called whose results are different each time.
    package var nonRepeatable: [String]
}
