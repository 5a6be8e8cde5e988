// SPDX-License-Identifier: Apache-2.0
import Manifests

extension Value {
    /// The scalar with another text.
    ///
    /// kustomize keeps the style in which a scalar is written and lets the new text mean what it means there: `1` before `e5` makes a number
    /// of a name. Whether a text stood in quotes is no longer known here: one that had to, had them, and any other is taken to have had none.
    func replacing(text: String) -> Value {
        if case .string(let old) = self, YAML.plainScalar(old, scalars: .kustomize).string == nil { return .string(text) }
        return YAML.plainScalar(text, scalars: .kustomize)
    }
}
