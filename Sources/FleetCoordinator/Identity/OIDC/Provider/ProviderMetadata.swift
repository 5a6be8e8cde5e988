// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What a provider says of itself (OpenID Connect Discovery 1.0 §3, RFC 8414, RFC 8628 §4), as far as it is used.
struct ProviderMetadata: Sendable, Hashable {
    var authorization: WebAddress
    var token: WebAddress
    var keys: WebAddress
    var userInfo: WebAddress?
    var deviceAuthorization: WebAddress?
    /// How clients with a secret may show it; by the specification `client_secret_basic` where nothing is said.
    var secretMethods: [String]
    /// Its answers to browsers say who sends them (RFC 9207).
    var namesIssuer: Bool

    static let bytesMax = 256 << 10

    init(_ document: Value, of issuer: WebAddress) throws(ProviderRefusal) {
        do {
            let fields = try Fields(document)
            let named = try fields.string("issuer")
            guard named == issuer.text else {
                let shown = WebAddress(named) == nil ? "something else" : "'\(named)'"
                throw ProviderRefusal(
                    .untrusted, "the provider at \(issuer.text) calls itself \(shown)",
                    hint: "'issuer' in the file of providers has to be exactly what it calls itself, to the last slash")
            }
            authorization = try Self.endpoint(fields, "authorization_endpoint", of: issuer)
            token = try Self.endpoint(fields, "token_endpoint", of: issuer)
            keys = try Self.endpoint(fields, "jwks_uri", of: issuer)
            userInfo = try Self.optionalEndpoint(fields, "userinfo_endpoint", of: issuer)
            deviceAuthorization = try Self.optionalEndpoint(fields, "device_authorization_endpoint", of: issuer)
            secretMethods =
                fields.value("token_endpoint_auth_methods_supported") == nil
                ? ["client_secret_basic"] : try fields.strings("token_endpoint_auth_methods_supported", limit: 32)
            namesIssuer = try fields.bool("authorization_response_iss_parameter_supported", default: false)
            if fields.value("response_types_supported") != nil,
                try !fields.strings("response_types_supported", limit: 64).contains("code")
            {
                throw ProviderRefusal(.untrusted, "the provider does not support the authorization code flow")
            }
        } catch {
            if let refusal = error as? ProviderRefusal { throw refusal }
            throw ProviderRefusal(.untrusted, "the provider's description of itself is not as it should be: \(error)")
        }
    }

    /// Where the description is (OpenID Connect Discovery 1.0 §4.1).
    static func address(of issuer: WebAddress) -> String {
        (issuer.text.hasSuffix("/") ? String(issuer.text.dropLast()) : issuer.text) + "/.well-known/openid-configuration"
    }

    /// Addresses on other hosts than the issuer's; their names have to be looked up before anything is sent there.
    func others(than issuer: WebAddress) -> [WebAddress] {
        [token, keys, userInfo, deviceAuthorization].compactMap(\.self).filter { $0.host != issuer.host }
    }

    private static func optionalEndpoint(_ fields: Fields, _ key: String, of issuer: WebAddress) throws -> WebAddress? {
        fields.value(key) == nil ? nil : try endpoint(fields, key, of: issuer)
    }

    /// Only `https`, and nothing in the coordinator's own network, unless the issuer itself is there.
    private static func endpoint(_ fields: Fields, _ key: String, of issuer: WebAddress) throws -> WebAddress {
        guard let address = WebAddress(try fields.string(key)) else {
            throw ProviderRefusal(.untrusted, "the provider's '\(key)' is no address that can be used")
        }
        guard address.isSecure || issuer.isLoopback && !issuer.isSecure && address.host == issuer.host else {
            throw ProviderRefusal(.untrusted, "the provider's '\(key)' is not https")
        }
        guard address.host != issuer.host else { return address }
        guard !address.isLoopback, address.address?.isPublic != false else {
            throw ProviderRefusal(.untrusted, "the provider's '\(key)' is an address within the coordinator's own network")
        }
        return address
    }
}
