// SPDX-License-Identifier: Apache-2.0
package import Manifests

/// The member that an object with readable Secret values carries on its way to the agent, so that its digest tells nobody what they are.
///
/// Bundles, records and reports name objects by digest. Whoever sees the digest of a Secret with few possible values could try them all;
/// with a salt that only the coordinator can compute, nobody can. It is no part of what the cluster gets.
package enum SecretSalt {
    /// At the object's top level. Its text is 64 hexadecimal digits: an HMAC-SHA-256, keyed by the coordinator, over the canonical form of
    /// the object without it. Equal objects have equal salts.
    package static let member = "flotilla.dev/seal"

    /// Takes the salt off: to be done after the digest was checked, before anything else is done with the object.
    package static func remove(from object: inout Value) {
        // Looking first: a change would copy the members of an object that has none.
        guard object[member] != nil else { return }
        object[member] = nil
    }
}
