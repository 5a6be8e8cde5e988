// SPDX-License-Identifier: Apache-2.0

/// This program's version, as records, agents and `flotilla --version` state it.
package enum FlotillaVersion {
    package static let current = "0.1.0"
}
