// SPDX-License-Identifier: Apache-2.0
import CCurl

/// The running transfers of one multi handle. Lives on the loop's thread.
struct TransferTable {
    private let multi: UnsafeMutableRawPointer
    private var transfers: [UInt64: Transfer] = [:]
    /// No transfer has been silent for too long before this time. Activity only moves such times later, so this is looked at
    /// when it has come, not with each byte.
    private var nextSilenceCheck: ContinuousClock.Instant?
    private let clock = ContinuousClock()

    init(multi: UnsafeMutableRawPointer) { self.multi = multi }

    mutating func start(_ exchange: Exchange) {
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
        if let limit = exchange.request.idleTimeout {
            nextSilenceCheck = min(nextSilenceCheck ?? .now + limit, .now + limit)
        }
    }

    func resume(_ id: UInt64) {
        // Unpausing delivers what libcurl holds from within this call, which may pause again at once.
        guard let transfer = transfers[id] else { return }
        transfer.lastActivity = clock.now
        curl_easy_pause(transfer.handle, CURLPAUSE_CONT)
    }

    mutating func cancel(_ id: UInt64) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        curl_multi_remove_handle(multi, transfer.handle)
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
        }
        endSilentTransfers()
    }

    /// Waits for something to happen on a connection, or for a wake-up.
    func poll() {
        var limit: Int32 = 60_000
        if let nextSilenceCheck {
            let wait = (nextSilenceCheck - clock.now) / Duration.milliseconds(1)
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
        transfers = [:]
    }

    private mutating func endSilentTransfers() {
        guard let due = nextSilenceCheck else { return }
        let now = clock.now
        guard now >= due else { return }
        nextSilenceCheck = nil
        for (id, transfer) in transfers {
            guard let limit = transfer.exchange.request.idleTimeout else { continue }
            // A reader that holds the peer back is not the peer's silence.
            if transfer.exchange.isPaused { transfer.lastActivity = now }
            let end = transfer.lastActivity + limit
            if end <= now {
                cancel(id)
                transfer.exchange.finish(.failure(.silent(transfer.exchange.request, for: limit)))
            } else {
                nextSilenceCheck = min(nextSilenceCheck ?? end, end)
            }
        }
    }

    private static func text(_ code: CURLMcode) -> String { String(cString: curl_multi_strerror(code)) }
}
