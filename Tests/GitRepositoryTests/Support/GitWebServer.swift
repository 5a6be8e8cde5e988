// SPDX-License-Identifier: Apache-2.0
import Foundation
import GitRepository

/// An https server on this machine that serves a folder's repositories with `git http-backend`.
///
/// Also answers badly on purpose: `/hang/…` never, `/elsewhere/…` with a redirect to another host, `/broken/…` with an error.
final class GitWebServer: Sendable {
    static let isAvailable = ["/usr/bin/python3", "/usr/local/bin/python3", "/root/.pyenv/shims/python3"]
        .contains { FileManager.default.isExecutableFile(atPath: $0) }

    let port: Int
    let certificate: String
    private let process: Process
    /// The server ends when this is closed, however the tests end; signals may be blocked in a child of a thread pool.
    private let input = Pipe()

    /// Serves `box.root`; with a token every request must carry it as its password.
    init(_ box: GitSandbox, name: String = "server", token: String? = nil) async throws {
        certificate = "\(box.root)/\(name).pem"
        let key = "\(box.root)/\(name).key"
        try await box.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                "/CN=\(name)", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
            ], in: box.root)
        let script = "\(box.root)/\(name).py"
        try box.write(Self.script, to: script)
        let backend = try await box.git("--exec-path") + "/git-http-backend"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script, box.root, certificate, key, backend, token ?? ""]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = input
        try process.run()
        self.process = process
        var line = ""
        while !line.hasSuffix("\n") {
            let byte = output.fileHandleForReading.readData(ofLength: 1)
            guard !byte.isEmpty else { throw ProcessFailure(command: "python3 \(script)", output: "ended at once") }
            line += String(decoding: byte, as: UTF8.self)
        }
        guard let number = Int(line.dropLast()) else { throw ProcessFailure(command: "python3 \(script)", output: line) }
        port = number
    }

    deinit { try? input.fileHandleForWriting.close() }

    func settings(_ path: String, token: String? = nil) -> RemoteSettings {
        RemoteSettings(
            url: "https://localhost:\(port)/\(path)", credential: token.map { .token(username: "git", password: $0) } ?? .none,
            certificateAuthority: certificate)
    }

    private static let script = """
        import base64, http.server, os, ssl, subprocess, sys, threading
        root, certificate, key, backend, token = sys.argv[1:6]

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments): pass

            def body(self):
                if self.headers.get("Transfer-Encoding", "") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = []
                while True:
                    size = int(self.rfile.readline().split(b";")[0], 16)
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                    if size == 0: return b"".join(parts)

            def answer(self, status, headers, body=b""):
                self.send_response(status)
                for name, value in headers: self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def serve(self):
                path, _, query = self.path.partition("?")
                if path.startswith("/hang/"): threading.Event().wait()
                if path.startswith("/broken/"): return self.answer(500, [])
                if path.startswith("/elsewhere/"):
                    place = "https://127.0.0.1:%d%s" % (self.server.server_port, self.path.replace("/elsewhere", "", 1))
                    return self.answer(301, [("Location", place)])
                body = self.body()
                expected = "Basic " + base64.b64encode(("git:" + token).encode()).decode()
                if token and self.headers.get("Authorization") != expected:
                    return self.answer(401, [("WWW-Authenticate", 'Basic realm="git"')])
                environment = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query,
                    REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type", ""), CONTENT_LENGTH=str(len(body)),
                    HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""), REMOTE_USER="git", REMOTE_ADDR="127.0.0.1",
                    GIT_CONFIG_GLOBAL="/dev/null")
                output = subprocess.run([backend], input=body, env=environment, stdout=subprocess.PIPE).stdout
                head, _, rest = output.partition(b"\\r\\n\\r\\n")
                status, headers = 200, []
                for line in head.decode().split("\\r\\n"):
                    name, _, value = line.partition(": ")
                    if name == "Status": status = int(value.split()[0])
                    elif name: headers.append((name, value))
                self.answer(status, headers, rest)

            do_GET = do_POST = serve

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        print(server.server_port, flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        server.serve_forever()
        """
}
