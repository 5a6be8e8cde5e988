// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct AllowedSigners: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the line for git's allowed signers file.",
        discussion: """
            With it, `git verify-commit` says whether the coordinator wrote a commit of an environment branch.

            Examples:
              flotilla allowed-signers > flotilla.signers
              git -c gpg.ssh.allowedSignersFile=flotilla.signers verify-commit origin/flotilla/storefront/production
            """)

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let client = try client.client()
        let text = try await client.text("/allowed-signers")
        await client.shutdown()
        Terminal.write(text.hasSuffix("\n") ? text : text + "\n", to: 1)
    }
}
