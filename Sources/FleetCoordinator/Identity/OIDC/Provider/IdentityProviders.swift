// SPDX-License-Identifier: Apache-2.0
import HTTPTransport
import Manifests

/// The identity providers that accounts may sign in with.
struct IdentityProviders: Sendable {
    /// In the file's order.
    let all: [OpenIDProvider]
    private let http: HTTPClient?

    static let none = IdentityProviders([], time: .system)

    init(_ settings: [ProviderSettings], time: WallTime, lookup: HostLookup = .system()) {
        guard !settings.isEmpty else {
            all = []
            http = nil
            return
        }
        let http = HTTPClient()
        self.http = http
        all = settings.map { settings in
            var configuration = HTTPClient.Configuration(connectionsPerHostMax: 16, userAgent: "flotilla/\(FlotillaVersion.current)")
            if let authority = settings.certificateAuthority { configuration.trust.certificateAuthority = authority }
            let own = HTTPClient(configuration: configuration, sharingThreadOf: http)
            return OpenIDProvider(settings, http: own, lookup: lookup, time: time)
        }
    }

    subscript(name: String) -> OpenIDProvider? { all.first { $0.settings.name == name } }

    /// Buttons of the sign-in page.
    var links: [Link] {
        all.map { Link(label: "Sign in with \($0.settings.displayName)", address: "/sign-in/\($0.settings.name)") }
    }

    func shutdown() async { await http?.shutdown() }
}
