// SPDX-License-Identifier: Apache-2.0

/// A commit about to be written; the same draft always gives the same bytes.
package struct CommitDraft: Sendable {
    package var tree: ObjectID
    package var parents: [ObjectID]
    package var author: CommitPerson
    package var committer: CommitPerson
    /// Ends with a line feed in the commit, whether or not it does here.
    package var message: String
    package var signer: SSHSigner?

    package init(
        tree: ObjectID, parents: [ObjectID], author: CommitPerson, committer: CommitPerson? = nil, message: String,
        signer: SSHSigner? = nil
    ) {
        self.tree = tree
        self.parents = parents
        self.author = author
        self.committer = committer ?? author
        self.message = message
        self.signer = signer
    }

    /// The exact bytes and the id of the commit; nothing is stored.
    ///
    /// Throws `GitError.invalid` for a person without a name and a message that Git cannot hold.
    package func build() throws(GitError) -> BuiltCommit {
        guard !message.utf8.contains(0) else { throw .invalid(what: "commit", reason: "the message contains a NUL") }
        var header = "tree \(tree)\n"
        for parent in parents { header += "parent \(parent)\n" }
        header += "author \(try author.headerValue())\n"
        header += "committer \(try committer.headerValue())\n"
        let body = "\n" + (message.utf8.last == UInt8(ascii: "\n") ? message : message + "\n")
        if let signer {
            let signature = try signer.sign(Array((header + body).utf8), namespace: "git")
            // A header goes on over lines that begin with a space.
            let lines = signature.split(separator: "\n").joined(separator: "\n ")
            header += "gpgsig \(lines)\n"
        }
        let bytes = Array((header + body).utf8)
        return BuiltCommit(id: ObjectID.of(bytes, type: "commit"), bytes: bytes)
    }
}

/// A commit's exact bytes with the id that follows from them.
package struct BuiltCommit: Sendable, Hashable {
    package let id: ObjectID
    package let bytes: [UInt8]
}
