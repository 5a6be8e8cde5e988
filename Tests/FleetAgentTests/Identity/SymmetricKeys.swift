// SPDX-License-Identifier: Apache-2.0
import Crypto

enum SymmetricKeys {
    static var any: SymmetricKey { SymmetricKey(size: .bits256) }
}
