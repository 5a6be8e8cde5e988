// SPDX-License-Identifier: Apache-2.0

import Manifests

/// A request to a simulated API server, whatever carried it.
package struct APIRequest: Sendable {
    package var method: String
    /// Without the query, percent-decoded.
    package var path: String
    /// In the order given, percent-decoded.
    package var query: [(name: String, value: String)]
    /// Names in lower case.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Whether the connection's certificate is the administrator's.
    package var isAdministrator = false

    package init(
        method: String, path: String, query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers.map { ($0.name.lowercased(), $0.value) }
        self.body = body
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }
    func parameters(_ name: String) -> [String] { query.filter { $0.name == name }.map(\.value) }

    func flag(_ name: String) -> Bool {
        guard let value = parameter(name) else { return false }
        return value == "" || value == "true" || value == "1" || value == "True"
    }

    var mediaType: String {
        let whole = header("content-type") ?? ""
        return whole.prefix { $0 != ";" }.trimmed.lowercased()
    }
}

package struct APIResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Events of a watch; ends when the watch does.
        case stream(AsyncStream<[UInt8]>)
    }

    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: Body

    /// The whole body; empty for a stream.
    package var bytes: [UInt8] { if case .bytes(let bytes) = body { bytes } else { [] } }
}

extension StringProtocol {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        let start = firstIndex { $0 != " " && $0 != "\t" } ?? endIndex
        let end = lastIndex { $0 != " " && $0 != "\t" }.map { index(after: $0) } ?? start
        return String(self[start..<end])
    }
}
