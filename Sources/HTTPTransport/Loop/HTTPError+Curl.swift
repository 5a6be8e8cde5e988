// SPDX-License-Identifier: Apache-2.0
import CCurl

extension HTTPError {
    /// What a libcurl result means to a caller. `reason` is libcurl's own text, which names hosts but no credentials.
    init(_ code: CURLcode, _ request: HTTPRequest, _ reason: String) {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT:
            self.init(.invalidRequest, request, reason)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self.init(.resolve, request, reason, retryable: true)
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_INTERFACE_FAILED:
            self.init(.connect, request, reason, retryable: true)
        case CURLE_OPERATION_TIMEDOUT:
            self.init(.timeout, request, reason, retryable: true)
        case CURLE_SSL_CONNECT_ERROR:
            // Also what a server says that is just going away.
            self.init(.tls, request, reason, retryable: true)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_CLIENTCERT, CURLE_USE_SSL_FAILED:
            self.init(.tls, request, reason)
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_SEND_FAIL_REWIND:
            self.init(.disconnected, request, reason, retryable: true)
        case CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
            self.init(.protocolError, request, reason, retryable: true)
        default:
            self.init(.protocolError, request, "\(reason) (libcurl \(code.rawValue))")
        }
    }
}
