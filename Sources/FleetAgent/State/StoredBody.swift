// SPDX-License-Identifier: Apache-2.0
import KubernetesAPI
import Manifests

/// A body as it lies in the state folder.
struct StoredBody: Sendable {
    /// What it is, and the end of its file's name.
    enum Form: String, Sendable, CaseIterable {
        /// An object, canonical.
        case json
        /// An object that holds secrets in clear, sealed.
        case sealed
        /// The document that encrypted objects were made of.
        case original
    }

    var digest: Digest
    var form: Form
    var bytes: [UInt8]

    /// Whether it is what its digest says; a sealed one only where it was sealed with these keys.
    func isWhole(_ keys: AgentKeys) -> Bool {
        switch form {
        case .json, .original: Digest.sha256(bytes) == digest
        case .sealed: keys.open(bytes, as: digest).map { Digest.sha256($0) == digest } ?? false
        }
    }

    // MARK: In the cluster's copy

    var json: Value {
        let text = form == .sealed ? Base64.encode(bytes) : String(decoding: bytes, as: UTF8.self)
        return ["digest": .string(digest.description), "form": .string(form.rawValue), "text": .string(text)]
    }

    init(digest: Digest, form: Form, bytes: [UInt8]) {
        self.digest = digest
        self.form = form
        self.bytes = bytes
    }

    init?(json value: Value) {
        guard let digest = value["digest"]?.string.flatMap({ Digest($0) }),
            let form = value["form"]?.string.flatMap({ Form(rawValue: $0) }),
            let text = value["text"]?.string, let bytes = form == .sealed ? Base64.decode(text) : Array(text.utf8)
        else { return nil }
        self.init(digest: digest, form: form, bytes: bytes)
    }
}
