// SPDX-License-Identifier: Apache-2.0

/// One request to the API server, before addresses and credentials.
struct Call {
    var method: String
    var path: String
    var query: [(name: String, value: String)] = []
    var accept = "application/json"
    var contentType: String?
    var body: [UInt8] = []
    var isIdempotent: Bool?

    /// What errors call it. The query is left out: it is long and says little.
    var operation: String { "\(method) \(path)" }

    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\(Percent.encode($0.name))=\(Percent.encode($0.value))" }.joined(separator: "&")
    }
}
