// SPDX-License-Identifier: Apache-2.0
package import FleetModel
package import Rendering

extension RenderRequest {
    /// What is rendered of an application for the cluster and environment of these variables.
    /// - Throws: where the path of its source names a variable that is not defined there.
    package init(_ application: Application, for variables: Variables) throws(TemplateError) {
        self.init(
            path: try Template.expand(application.source.path, variables), namespace: application.namespace,
            substitute: application.source.substitute, allowClearSecrets: application.allowClearSecrets, variables: variables.flattened)
    }
}

extension Recipe {
    /// The same without the cluster: for many clusters, of which most will share a render.
    package init(_ application: Application, path: String, engine: String) {
        self.init(
            path: path, namespace: application.namespace, substitute: application.source.substitute,
            allowClearSecrets: application.allowClearSecrets, engine: engine)
    }
}
