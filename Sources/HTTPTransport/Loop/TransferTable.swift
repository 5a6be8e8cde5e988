// SPDX-License-Identifier: Apache-2.0
import CCurl

/// The running transfers of one multi handle, and the exchanges that wait for a connection. Lives on the loop's thread.
///
/// The limit per host is kept here and not by libcurl, so that who waits for a connection in vain is told just that.
struct TransferTable {
    private struct Host {
        var running = 0
        var waiting: [Exchange] = []
    }

    private let multi: UnsafeMutableRawPointer
    private var transfers: [UInt64: Transfer] = [:]
    private var hosts: [String: Host] = [:]
    /// Nothing has been silent, or has waited, for too long before this time. Activity only moves such times later, so this is
    /// looked at when it has come, not with each byte.
    private var nextTimeCheck: ContinuousClock.Instant?
    private let clock = ContinuousClock()

    init(multi: UnsafeMutableRawPointer) { self.multi = multi }

    mutating func start(_ exchange: Exchange) {
        let limit = exchange.configuration.connectionsPerHostMax
        if limit > 0, let running = hosts[exchange.host]?.running, running >= limit {
            hosts[exchange.host]?.waiting.append(exchange)
            checkTimes(at: exchange.connectEnd)
        } else {
            begin(exchange)
        }
    }

    /// Starts an exchange for which there is room.
    private mutating func begin(_ exchange: Exchange) {
        guard !exchange.isFinished else { return }
        let transfer: Transfer
        do {
            transfer = try Transfer(exchange: exchange, now: clock.now)
        } catch {
            exchange.finish(.failure(error))
            return
        }
        let code = curl_multi_add_handle(multi, transfer.handle)
        guard code == CURLM_OK else {
            exchange.finish(.failure(HTTPError(.protocolError, exchange.request, Self.text(code))))
            return
        }
        transfers[exchange.id] = transfer
        hosts[exchange.host, default: Host()].running += 1
        if let limit = exchange.request.idleTimeout { checkTimes(at: clock.now + limit) }
    }

    /// Lets the next ones begin after a transfer to their host has ended.
    private mutating func release(_ exchange: Exchange) {
        hosts[exchange.host]?.running -= 1
        while let next = dequeue(exchange.host) { begin(next) }
        if let host = hosts[exchange.host], host.running == 0, host.waiting.isEmpty { hosts[exchange.host] = nil }
    }

    private mutating func dequeue(_ host: String) -> Exchange? {
        guard let next = hosts[host]?.waiting.first, let running = hosts[host]?.running,
            running < next.configuration.connectionsPerHostMax
        else { return nil }
        hosts[host]?.waiting.removeFirst()
        return next
    }

    func resume(_ id: UInt64) {
        // Unpausing delivers what libcurl holds from within this call, which may pause again at once.
        guard let transfer = transfers[id] else { return }
        transfer.lastActivity = clock.now
        curl_easy_pause(transfer.handle, CURLPAUSE_CONT)
    }

    mutating func cancel(_ exchange: Exchange) {
        if let transfer = transfers.removeValue(forKey: exchange.id) {
            curl_multi_remove_handle(multi, transfer.handle)
            release(exchange)
        } else {
            hosts[exchange.host]?.waiting.removeAll { $0.id == exchange.id }
        }
    }

    /// Moves all transfers on without waiting.
    mutating func advance() {
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            let result = flotilla_curl_message_result(message)
            guard let transfer = Transfer.of(handle) else { continue }
            curl_multi_remove_handle(multi, handle)
            transfers.removeValue(forKey: transfer.exchange.id)
            transfer.finish(result)
            release(transfer.exchange)
        }
        giveUpLateExchanges()
    }

    /// Waits for something to happen on a connection, or for a wake-up.
    func poll() {
        var limit: Int32 = 60_000
        if let nextTimeCheck {
            let wait = (nextTimeCheck - clock.now) / Duration.milliseconds(1)
            limit = Int32(min(max(wait.rounded(.up), 0), 60_000))
        }
        var ready: Int32 = 0
        curl_multi_poll(multi, nil, 0, limit, &ready)
    }

    mutating func closeAll() {
        for transfer in transfers.values {
            curl_multi_remove_handle(multi, transfer.handle)
            transfer.exchange.finish(.failure(.closed(transfer.exchange.request)))
        }
        for exchange in hosts.values.flatMap(\.waiting) { exchange.finish(.failure(.closed(exchange.request))) }
        transfers = [:]
        hosts = [:]
    }

    private mutating func checkTimes(at time: ContinuousClock.Instant) { nextTimeCheck = min(nextTimeCheck ?? time, time) }

    private mutating func giveUpLateExchanges() {
        guard let due = nextTimeCheck else { return }
        let now = clock.now
        guard now >= due else { return }
        nextTimeCheck = nil
        for exchange in hosts.values.flatMap(\.waiting) {
            if exchange.connectEnd > now {
                checkTimes(at: exchange.connectEnd)
            } else {
                exchange.finish(.failure(.noConnection(exchange.request, after: now - exchange.begin)))
                cancel(exchange)
            }
        }
        for transfer in Array(transfers.values) {
            guard let limit = transfer.exchange.request.idleTimeout else { continue }
            // A reader that holds the peer back is not the peer's silence.
            if transfer.exchange.isPaused { transfer.lastActivity = now }
            let end = transfer.lastActivity + limit
            if end > now {
                checkTimes(at: end)
            } else {
                transfer.exchange.finish(.failure(.silent(transfer.exchange.request, for: limit)))
                cancel(transfer.exchange)
            }
        }
    }

    private static func text(_ code: CURLMcode) -> String { String(cString: curl_multi_strerror(code)) }
}
