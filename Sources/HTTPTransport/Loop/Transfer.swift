// SPDX-License-Identifier: Apache-2.0
import CCurl

/// One running exchange: owns its libcurl easy handle. Lives on the loop's thread.
final class Transfer {
    let exchange: Exchange
    let handle: UnsafeMutableRawPointer
    var lastActivity: ContinuousClock.Instant
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private let errorText: UnsafeMutablePointer<CChar>
    private var bodyOffset = 0

    /// Bodies up to this size are copied into libcurl, which then sends them in one piece with the head.
    private static let copiedBodyBytesMax = 64 << 10

    init(exchange: Exchange, now: ContinuousClock.Instant) throws(HTTPError) {
        guard let handle = curl_easy_init() else {
            throw HTTPError(.protocolError, exchange.request, "libcurl has no memory for a request", retryable: true)
        }
        self.exchange = exchange
        self.handle = handle
        lastActivity = now
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))

        set(CURLOPT_PRIVATE, Unmanaged.passUnretained(self).toOpaque())
        set(CURLOPT_ERRORBUFFER, errorText)
        set(CURLOPT_NOSIGNAL, 1)
        try configureRequest()
        try configureConnection(waited: now - exchange.begin)
        try configureTrust()
        configureCallbacks()
    }

    deinit {
        curl_easy_cleanup(handle)
        for list in lists { curl_slist_free_all(list) }
        errorText.deallocate()
    }

    /// The transfer that owns `handle`.
    static func of(_ handle: UnsafeMutableRawPointer) -> Transfer? {
        var context: UnsafeMutablePointer<CChar>?
        guard flotilla_curl_get_pointer(handle, CURLINFO_PRIVATE, &context) == CURLE_OK, let context else { return nil }
        return Unmanaged<Transfer>.fromOpaque(UnsafeRawPointer(context)).takeUnretainedValue()
    }

    func finish(_ code: CURLcode) {
        if code == CURLE_OK {
            exchange.finish(.success(()))
        } else {
            let text = String(cString: errorText)
            let reason = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
            exchange.finish(
                .failure(HTTPError(code, exchange.request, reason)),
                brokeInHTTP2: code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM)
        }
    }

    // MARK: Options

    private func configureRequest() throws(HTTPError) {
        let request = exchange.request
        guard !request.method.isEmpty, request.method.utf8.allSatisfy({ $0 >= 65 && $0 <= 90 }) else {
            throw HTTPError(.invalidRequest, request, "a method is capital letters")
        }
        guard !request.url.utf8.contains(where: { $0 <= 32 || $0 == 127 }) else {
            throw HTTPError(.invalidRequest, request, "the URL contains a space or a control character")
        }
        set(CURLOPT_URL, request.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_USERAGENT, exchange.configuration.userAgent)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if request.acceptGzip { set(CURLOPT_ACCEPT_ENCODING, "gzip") }

        var names: Set<String> = []
        var list: UnsafeMutablePointer<curl_slist>?
        for (name, value) in request.headers {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: ":") }),
                value.utf8.allSatisfy({ $0 != 0 && $0 != 10 && $0 != 13 })
            else { throw HTTPError(.invalidRequest, request, "the header '\(name)' contains a character that headers cannot have") }
            names.insert(name.lowercased())
            list = curl_slist_append(list, value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        let hasBody = !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method)
        // libcurl would name a form, and would wait a second for a "100 Continue" that few servers send.
        if hasBody, !names.contains("content-type") { list = curl_slist_append(list, "Content-Type:") }
        if hasBody, !names.contains("expect") { list = curl_slist_append(list, "Expect:") }
        if let list {
            lists.append(list)
            _ = flotilla_curl_set_list(handle, CURLOPT_HTTPHEADER, list)
        }

        if hasBody {
            set(CURLOPT_POST, 1)
            _ = flotilla_curl_set_off(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            if request.body.count <= Self.copiedBodyBytesMax {
                request.body.withUnsafeBytes { bytes in
                    // libcurl copies; an empty body still needs an address.
                    let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) } ?? UnsafeMutableRawPointer(errorText)
                    set(CURLOPT_COPYPOSTFIELDS, start)
                }
            }
        }
        switch request.method {
        case "HEAD": set(CURLOPT_NOBODY, 1)
        case "GET" where !hasBody: set(CURLOPT_HTTPGET, 1)
        default: set(CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private func configureConnection(waited: Duration) throws(HTTPError) {
        let request = exchange.request
        let configuration = exchange.configuration
        if exchange.mode == .whole { set(CURLOPT_TIMEOUT_MS, Self.milliseconds(request.deadline - waited)) }
        set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.connectTimeout - waited))
        set(CURLOPT_BUFFERSIZE, max(1_024, request.receiveBufferBytes ?? configuration.receiveBufferBytes))
        // A peer that vanished without a word is noticed after about two minutes, also by exchanges without a deadline.
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, 60)
        set(CURLOPT_TCP_KEEPINTVL, 15)
        set(CURLOPT_MAXAGE_CONN, max(1, Int(configuration.idleConnectionsFor.components.seconds)))
        if !configuration.proxyFromEnvironment { set(CURLOPT_PROXY, "") }
        if exchange.freshConnection { set(CURLOPT_FRESH_CONNECT, 1) }
        switch (configuration.httpVersion, exchange.mode) {
        case (.http2, .whole):
            set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        case (.http2, .stream):
            set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
            // An idle HTTP/2 connection would be taken all the same, and then shared.
            set(CURLOPT_FRESH_CONNECT, 1)
        case (.http1, _):
            set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        }
    }

    private func configureTrust() throws(HTTPError) {
        let request = exchange.request
        let trust = exchange.configuration.trust
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if trust.insecureSkipVerify {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let authority = trust.certificateAuthority {
            set(CURLOPT_CAINFO_BLOB, authority)
            // The folder of the system's certificates would be trusted besides.
            _ = flotilla_curl_set_string(handle, CURLOPT_CAPATH, nil)
        }
        switch (trust.clientCertificate, trust.clientKey) {
        case (let certificate?, let key?):
            set(CURLOPT_SSLCERTTYPE, "PEM")
            set(CURLOPT_SSLKEYTYPE, "PEM")
            set(CURLOPT_SSLCERT_BLOB, certificate)
            set(CURLOPT_SSLKEY_BLOB, key)
        case (nil, nil): break
        case (.some, nil), (nil, .some):
            throw HTTPError(.invalidRequest, request, "a client certificate and its key go together, one is missing")
        }
        if let name = trust.serverName { try present(serverName: name) }
    }

    /// Connects to the URL's host, but names and checks `name` in TLS; the `Host` field stays the URL's.
    private func present(serverName name: String) throws(HTTPError) {
        let request = exchange.request
        guard let url = curl_url() else { return }
        defer { curl_url_cleanup(url) }
        func part(_ which: CURLUPart, _ flags: UInt32 = 0) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(url, which, &text, flags) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        guard curl_url_set(url, CURLUPART_URL, request.url, 0) == CURLUE_OK, let host = part(CURLUPART_HOST),
            let port = part(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)),
            curl_url_set(url, CURLUPART_HOST, name, 0) == CURLUE_OK, let renamed = part(CURLUPART_URL)
        else { throw HTTPError(.invalidRequest, request, "the URL or the server name '\(name)' is malformed") }
        set(CURLOPT_URL, renamed)
        if let list = curl_slist_append(nil, "::\(host):\(port)") {
            lists.append(list)
            _ = flotilla_curl_set_list(handle, CURLOPT_CONNECT_TO, list)
        }
    }

    private func set(_ option: CURLoption, _ value: Int) { _ = flotilla_curl_set_long(handle, option, value) }
    private func set(_ option: CURLoption, _ value: String) { _ = flotilla_curl_set_string(handle, option, value) }
    private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) { _ = flotilla_curl_set_pointer(handle, option, value) }
    private func set(_ option: CURLoption, _ bytes: [UInt8]) { _ = flotilla_curl_set_blob(handle, option, bytes, bytes.count) }

    /// At least one: libcurl takes zero for "no limit".
    private static func milliseconds(_ duration: Duration) -> Int {
        let count = duration / Duration.milliseconds(1)
        return Int(min(max(count.rounded(.up), 1), 2_000_000_000))
    }

    // MARK: Callbacks

    /// The loop's table keeps `self` alive as long as libcurl may call.
    private func configureCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        for option in [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_READDATA, CURLOPT_SEEKDATA] { set(option, context) }
        _ = flotilla_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { data, size, count, context in
            guard let data, let context else { return 0 }
            let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().received(bytes)
        }
        _ = flotilla_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { data, size, count, context in
            guard let data, let context else { return 0 }
            let line = UnsafeRawBufferPointer(start: data, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receivedHeader(line) ? size * count : 0
        }
        guard exchange.request.body.count > Self.copiedBodyBytesMax else { return }
        _ = flotilla_curl_set_data_callback(handle, CURLOPT_READFUNCTION) { data, size, count, context in
            guard let data, let context else { return 0 }
            let room = UnsafeMutableRawBufferPointer(start: data, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().send(into: room)
        }
        _ = flotilla_curl_set_seek_callback(handle, CURLOPT_SEEKFUNCTION) { context, offset, _ in
            guard let context else { return CURL_SEEKFUNC_FAIL }
            // libcurl only ever rewinds to a place from the start, to send the body again over a new connection.
            Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().bodyOffset = Int(offset)
            return CURL_SEEKFUNC_OK
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer) -> Int {
        lastActivity = .now
        return switch exchange.append(bytes) {
        case .more: bytes.count
        case .pause: Int(CURL_WRITEFUNC_PAUSE)
        case .abort: bytes.isEmpty ? 1 : 0  // any other number than was given
        }
    }

    private func receivedHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        lastActivity = .now
        let text = line.prefix { $0 != 13 && $0 != 10 }
        if text.isEmpty {
            exchange.endHead()
        } else if text.starts(with: "HTTP/".utf8) {
            let code = text.split(separator: UInt8(ascii: " "), maxSplits: 2).dropFirst().first ?? text[0..<0]
            exchange.begin(status: Int(String(decoding: code, as: UTF8.self)) ?? 0)
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            let value = text[(colon + 1)...].drop { $0 == 32 || $0 == 9 }
            guard exchange.append(name: String(decoding: text[..<colon], as: UTF8.self), value: String(decoding: value, as: UTF8.self))
            else {
                exchange.finish(.failure(.tooLarge(exchange.request, limit: Exchange.headBytesMax)))
                return false
            }
        }
        return true
    }

    private func send(into room: UnsafeMutableRawBufferPointer) -> Int {
        lastActivity = .now
        let rest = exchange.request.body[min(bodyOffset, exchange.request.body.count)...].prefix(room.count)
        room.copyBytes(from: rest)
        bodyOffset += rest.count
        return rest.count
    }
}
