// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// What a caller and the loop's thread share of one request: the answer so far, and who waits for what.
final class Exchange: Sendable {
    enum Mode: Sendable { case whole, stream }
    /// What a caller waits for; the end of the exchange ends every wait.
    enum Milestone: Sendable { case head, bytes, outcome }
    /// What the loop shall do after handing over bytes.
    enum Flow: Sendable { case more, pause, abort }

    struct Head: Sendable {
        var status: Int
        var headers: HTTPHeaders
    }

    /// Beyond this many unread bytes a streamed answer is held back.
    static let unreadBytesMax = 256 << 10
    /// The most bytes of header fields that are accepted.
    static let headBytesMax = 256 << 10
    private static let lastID = Atomic<UInt64>(0)

    let id: UInt64
    let request: HTTPRequest
    let mode: Mode
    let configuration: HTTPClient.Configuration
    let freshConnection: Bool
    /// Scheme, host and port: exchanges with the same ones share a limit of connections.
    let host: String
    /// When the caller asked; deadlines count from here.
    let begin = ContinuousClock.now

    private struct State {
        var status = 0
        var headers = HTTPHeaders()
        var headBytes = 0
        var headIsComplete = false
        var body: [UInt8] = []
        var isPaused = false
        var outcome: Result<Void, HTTPError>?
        var brokeInHTTP2 = false
        var waiter: (milestone: Milestone, continuation: CheckedContinuation<Void, Never>)?

        func reached(_ milestone: Milestone) -> Bool {
            if outcome != nil { return true }
            return switch milestone {
            case .head: headIsComplete
            case .bytes: !body.isEmpty
            case .outcome: false
            }
        }

        /// The waiter, if what it waits for is there; the caller resumes it outside the lock.
        mutating func wake() -> CheckedContinuation<Void, Never>? {
            guard let waiter, reached(waiter.milestone) else { return nil }
            self.waiter = nil
            return waiter.continuation
        }
    }

    private let state = Mutex(State())

    init(request: HTTPRequest, mode: Mode, configuration: HTTPClient.Configuration, freshConnection: Bool) {
        id = Self.lastID.add(1, ordering: .relaxed).newValue
        self.request = request
        self.mode = mode
        self.configuration = configuration
        self.freshConnection = freshConnection
        host = request.endpoint.split(separator: "/", maxSplits: 2).prefix(2).joined(separator: "/").lowercased()
    }

    /// When the exchange is given up if it still waits for a connection then.
    var connectEnd: ContinuousClock.Instant {
        begin + (mode == .whole ? min(request.deadline, request.connectTimeout) : request.connectTimeout)
    }

    // MARK: The caller's side

    var isFinished: Bool { state.withLock { $0.outcome != nil } }
    var brokeInHTTP2: Bool { state.withLock { $0.brokeInHTTP2 } }

    /// Resumes `continuation` when the milestone is reached, at once if it already is. One caller waits at a time.
    func wait(for milestone: Milestone, _ continuation: CheckedContinuation<Void, Never>) {
        let now = state.withLock { state -> Bool in
            precondition(state.waiter == nil, "the body of an answer has one reader")
            if state.reached(milestone) { return true }
            state.waiter = (milestone, continuation)
            return false
        }
        if now { continuation.resume() }
    }

    func takeResponse() throws(HTTPError) -> HTTPResponse {
        let result = state.withLock { state -> Result<HTTPResponse, HTTPError>? in
            state.outcome?.map {
                HTTPResponse(status: state.status, headers: state.headers, body: Self.take(&state.body))
            }
        }
        guard let result else { throw HTTPError.cancelled(request) }
        return try result.get()
    }

    func takeHead() throws(HTTPError) -> Head {
        let result = state.withLock { state -> Result<Head, HTTPError> in
            let head = Head(status: state.status, headers: state.headers)
            if state.headIsComplete { return .success(head) }
            return (state.outcome ?? .failure(.cancelled(request))).map { head }
        }
        return try result.get()
    }

    /// What has arrived, `nil` at the end, and whether the loop held the peer back and must let it go on.
    func takeBytes() throws(HTTPError) -> (chunk: [UInt8]?, resumes: Bool) {
        let result = state.withLock { state -> Result<(chunk: [UInt8]?, resumes: Bool), HTTPError> in
            // Bytes that arrived before a failure are still read; a cancellation is heard at once.
            if case .failure(let error) = state.outcome, error.kind == .cancelled || state.body.isEmpty { return .failure(error) }
            guard !state.body.isEmpty else { return .success((nil, false)) }
            defer { state.isPaused = false }
            return .success((Self.take(&state.body), state.isPaused))
        }
        return try result.get()
    }

    private static func take(_ body: inout [UInt8]) -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &body)
        return taken
    }

    // MARK: The loop's side

    /// A status line begins: earlier heads (100 Continue) are forgotten.
    func begin(status: Int) {
        state.withLock { state in
            state.status = status
            state.headers = HTTPHeaders()
            state.headIsComplete = false
        }
    }

    /// Takes one header field. `false` when there are too many bytes of them.
    func append(name: String, value: String) -> Bool {
        state.withLock { state in
            guard !state.headIsComplete else { return true }  // trailers
            state.headBytes += name.utf8.count + value.utf8.count
            guard state.headBytes <= Self.headBytesMax else { return false }
            state.headers.append(name: name, value: value)
            return true
        }
    }

    func endHead() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.status >= 200 else { return nil }
            state.headIsComplete = true
            if mode == .whole, let length = state.headers["Content-Length"].flatMap({ Int($0) }), length <= request.responseBytesMax {
                state.body.reserveCapacity(length)
            }
            return state.wake()
        }
        waiter?.resume()
    }

    func append(_ bytes: UnsafeRawBufferPointer) -> Flow {
        let (flow, waiter) = state.withLock { state -> (Flow, CheckedContinuation<Void, Never>?) in
            guard state.outcome == nil else { return (.abort, nil) }
            switch mode {
            case .whole:
                guard state.body.count + bytes.count <= request.responseBytesMax else {
                    state.outcome = .failure(.tooLarge(request, limit: request.responseBytesMax))
                    return (.abort, state.wake())
                }
            case .stream:
                if state.body.count >= Self.unreadBytesMax {
                    state.isPaused = true
                    return (.pause, nil)
                }
            }
            state.body.append(contentsOf: bytes)
            return (.more, state.wake())
        }
        waiter?.resume()
        return flow
    }

    /// Records how the exchange ended; the first one to say so wins.
    func finish(_ outcome: Result<Void, HTTPError>, brokeInHTTP2: Bool = false) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            state.brokeInHTTP2 = brokeInHTTP2
            return state.wake()
        }
        waiter?.resume()
    }

    var isPaused: Bool { state.withLock { $0.isPaused } }
}
