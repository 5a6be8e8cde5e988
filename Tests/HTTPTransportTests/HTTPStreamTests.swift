// SPDX-License-Identifier: Apache-2.0
import HTTPTestServer
import HTTPTransport
import Synchronization
import Testing

@Suite("Streamed answers") struct HTTPStreamTests {
    let client = HTTPClient(configuration: .init(proxyFromEnvironment: false))

    @Test("chunks arrive while the answer goes on") func chunks() async throws {
        let gate = Gate()
        let server = try HTTPTestServer { _, connection in
            connection.begin(200, headers: [("X-Kind", "watch")])
            for word in ["one", "two", "three"] {
                gate.wait()
                connection.chunk(word)
            }
            gate.wait()
            connection.end()
        }
        let response = try await client.stream(HTTPRequest(url: server.url))
        #expect(response.status == 200)
        #expect(response.headers["x-kind"] == "watch")
        var iterator = response.body.makeAsyncIterator()
        for word in ["one", "two", "three"] {
            gate.open()
            #expect(try await iterator.next() == Array(word.utf8))
        }
        gate.open()
        #expect(try await iterator.next() == nil)
    }

    @Test("a reader that does not read holds the sender back") func backpressure() async throws {
        let sent = Mutex(0)
        let server = try HTTPTestServer { _, connection in
            connection.begin(200)
            let chunk = [UInt8](repeating: 7, count: 64 << 10)
            for _ in 0..<1_024 {
                guard connection.chunk(chunk) else { return }
                sent.withLock { $0 += chunk.count }
            }
            connection.end()
        }
        let response = try await client.stream(HTTPRequest(url: server.url))
        var iterator = response.body.makeAsyncIterator()
        var received = try await iterator.next()?.count ?? 0
        // Other exchanges go on meanwhile, and give the sender time to fill what it can.
        let other = try HTTPTestServer { _, connection in connection.respond(200) }
        for _ in 0..<200 { #expect(try await client.send(HTTPRequest(url: other.url)).status == 200) }
        #expect(sent.withLock { $0 } < 48 << 20)
        while let chunk = try await iterator.next() {
            #expect(chunk.count < 512 << 10)
            received += chunk.count
        }
        #expect(received == 64 << 20)
    }

    @Test("dropping the body closes the connection") func dropped() async throws {
        let (closed, closing) = AsyncStream.makeStream(of: Void.self)
        let server = try HTTPTestServer { _, connection in
            connection.begin(200)
            connection.chunk("hello")
            connection.waitForClose()
            closing.yield()
        }
        do {
            let response = try await client.stream(HTTPRequest(url: server.url))
            var iterator = response.body.makeAsyncIterator()
            #expect(try await iterator.next() == Array("hello".utf8))
        }
        for await _ in closed { break }
    }

    @Test("a silent stream ends after its idle time-out") func idle() async throws {
        let server = try HTTPTestServer { _, connection in
            connection.begin(200)
            connection.chunk("hello")
            connection.waitForClose()
        }
        let response = try await client.stream(HTTPRequest(url: server.url, idleTimeout: .milliseconds(80)))
        var iterator = response.body.makeAsyncIterator()
        #expect(try await iterator.next() == Array("hello".utf8))
        let error = await #expect(throws: HTTPError.self) { try await iterator.next() }
        #expect(error?.kind == .timeout)
    }

    @Test("the deadline of whole answers does not end a stream") func noDeadline() async throws {
        let gate = Gate()
        let server = try HTTPTestServer { _, connection in
            connection.begin(200)
            gate.wait()
            connection.chunk("late")
            connection.end()
        }
        let response = try await client.stream(HTTPRequest(url: server.url, deadline: .milliseconds(1)))
        let other = try HTTPTestServer { _, connection in connection.respond(200) }
        for _ in 0..<50 { _ = try await client.send(HTTPRequest(url: other.url)) }
        gate.open()
        #expect(try await response.body.collect(upTo: 100) == Array("late".utf8))
    }

    @Test("a connection that breaks ends the stream with an error, after what had arrived") func broken() async throws {
        let server = try HTTPTestServer { _, connection in
            connection.begin(200)
            connection.chunk("part")
            connection.drop()
        }
        let response = try await client.stream(HTTPRequest(url: server.url))
        var received: [UInt8] = []
        let error = await #expect(throws: HTTPError.self) { for try await chunk in response.body { received += chunk } }
        #expect(received == Array("part".utf8))
        #expect(error?.kind == .disconnected)
    }

    @Test("collecting is bounded") func collect() async throws {
        let server = try HTTPTestServer { _, connection in
            connection.begin(500)
            while connection.chunk("0123456789") {}
        }
        let response = try await client.stream(HTTPRequest(url: server.url))
        #expect(response.status == 500)
        let error = await #expect(throws: HTTPError.self) { try await response.body.collect(upTo: 100) }
        #expect(error?.kind == .tooLarge)
    }

    @Test("cancelling the reading task ends the stream") func cancelled() async throws {
        let (reading, reads) = AsyncStream.makeStream(of: Void.self)
        let server = try HTTPTestServer { _, connection in
            connection.begin(200)
            connection.chunk("hello")
            connection.waitForClose()
        }
        let kind = await withTaskGroup(of: HTTPError.Kind?.self) { group in
            group.addTask { [client] in
                do {
                    let response = try await client.stream(HTTPRequest(url: server.url))
                    for try await _ in response.body { reads.yield() }
                    return nil
                } catch { return (error as? HTTPError)?.kind }
            }
            for await _ in reading { break }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(kind == .cancelled)
    }
}
