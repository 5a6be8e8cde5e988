// SPDX-License-Identifier: Apache-2.0
import GitRepository
import Testing

@Suite("Addresses of repositories, compared") struct RepositoryAddressTests {
    @Test(
        "one repository, written differently",
        arguments: [
            ("https://Git.Example/team/fleet.git", "https://git.example:443/team/fleet"),
            ("https://git.example/team/fleet/", "https://git.example//team/./fleet.git"),
            ("https://git.example/te%61m/fleet", "https://git.example/team/fleet"),
            ("git@git.example:team/fleet.git", "ssh://git.example:22/team/fleet.git"),
            ("ssh://ada@git.example/team/fleet", "ssh://git@git.example/team/fleet"),
            ("ssh://git@git.example:2222/team/fleet", "https://git.example/team/fleet.git"),
            ("ssh://git@[FD00::1]/team/fleet", "ssh://git@[fd00::1]:22/team/fleet.git"),
            ("https://[fd00::1]/team/fleet", "https://[fd00::1]:443/team/fleet"),
            ("/srv/git/fleet.git", "file:///srv/git/fleet.git/"),
        ])
    func same(_ pair: (String, String)) throws {
        #expect(try RepositoryAddress(url: pair.0).isSame(as: RepositoryAddress(url: pair.1)))
        #expect(try RepositoryAddress(url: pair.1).isSame(as: RepositoryAddress(url: pair.0)))
    }

    @Test(
        "two repositories",
        arguments: [
            ("https://git.example/team/fleet.git", "https://git.example/team/fleet2.git"),
            ("https://git.example/team/fleet.git", "https://git.example.evil/team/fleet.git"),
            ("https://git.example:8443/team/fleet.git", "https://git.example/team/fleet.git"),
            ("https://[fd00::1]:8443/team/fleet", "https://[fd00::1]/team/fleet"),
            ("https://git.example/team/fleet.git", "/team/fleet"),
            ("/srv/git/fleet.git", "/srv/git/fleet"),
        ])
    func other(_ pair: (String, String)) throws {
        #expect(!(try RepositoryAddress(url: pair.0).isSame(as: RepositoryAddress(url: pair.1))))
    }

    @Test(arguments: ["https://ada:secret@git.example/x", "ftp://git.example/x", "nowhere"])
    func noAddress(_ url: String) {
        #expect { try RepositoryAddress(url: url) } throws: { !"\($0)".contains("secret") }
    }
}
