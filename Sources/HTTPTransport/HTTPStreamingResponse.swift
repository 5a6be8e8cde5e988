// SPDX-License-Identifier: Apache-2.0

/// An answer whose head has arrived and whose body is read as it comes.
package struct HTTPStreamingResponse: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: HTTPBody
}

/// The body of a streamed answer, for one reader.
///
/// What the reader has not taken is held back at the peer: at most a quarter of a mebibyte waits here. Dropping the body, or
/// cancelling the task that reads it, ends the exchange and closes its connection.
package struct HTTPBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = HTTPError

    private let reader: Reader

    init(exchange: Exchange, loop: TransferLoop) { reader = Reader(exchange: exchange, loop: loop) }

    package func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let reader: Reader

        /// The bytes that have arrived since the last call, never an empty array; `nil` after the last ones.
        package mutating func next(isolation actor: isolated (any Actor)?) async throws(HTTPError) -> [UInt8]? {
            try await reader.next(isolation: actor)
        }
    }

    /// Reads the rest of the body.
    /// - Throws: `HTTPError` of kind `tooLarge` beyond `bytesMax`; the exchange has then been given up.
    package func collect(upTo bytesMax: Int) async throws(HTTPError) -> [UInt8] {
        var all: [UInt8] = []
        var iterator = makeAsyncIterator()
        while let chunk = try await iterator.next(isolation: #isolation) {
            guard all.count + chunk.count <= bytesMax else {
                reader.abandon()
                throw .tooLarge(reader.exchange.request, limit: bytesMax)
            }
            if all.isEmpty { all = chunk } else { all += chunk }
        }
        return all
    }

    fileprivate final class Reader: Sendable {
        let exchange: Exchange
        private let loop: TransferLoop

        init(exchange: Exchange, loop: TransferLoop) {
            self.exchange = exchange
            self.loop = loop
        }

        deinit { abandon() }

        func abandon() { loop.cancel(exchange) }

        func next(isolation actor: isolated (any Actor)?) async throws(HTTPError) -> [UInt8]? {
            await loop.wait(for: .bytes, of: exchange, isolation: actor)
            let (chunk, resumes) = try exchange.takeBytes()
            if resumes { loop.resume(exchange) }
            return chunk
        }
    }
}
