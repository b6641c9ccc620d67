import Foundation
import Glibc
import Observability
import Testing

@Suite struct HTTPServerTests {
    /// What a server answers to bytes on a connection of their own, until it closes it.
    private func exchange(_ port: Int, _ request: String) throws -> String {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(client) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let bytes = Array(request.utf8)
        _ = send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(client, &buffer, buffer.count, 0), count > 0 { answer += buffer[..<count] }
        return String(decoding: answer, as: UTF8.self)
    }

    private func get(_ port: Int, _ path: String, method: String = "GET", body: String = "") throws -> (
        status: Int, head: String, body: String
    ) {
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        let answer = try exchange(
            port, "\(method) \(path) HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\(length)\r\n\(body)")
        let parts = answer.components(separatedBy: "\r\n\r\n")
        let status = Int(answer.split(separator: " ").dropFirst().first ?? "") ?? 0
        return (status, parts.first ?? "", parts.dropFirst().joined(separator: "\r\n\r\n"))
    }

    private func monitoring(_ readiness: Readiness = Readiness([])) throws -> (HTTPServer, MetricRegistry) {
        let metrics = MetricRegistry()
        let router = HTTPRouter.monitoring(metrics: metrics, readiness: readiness)
        return (try HTTPServer.start(port: 0) { router.respond($0) }, metrics)
    }

    @Test func metricsAreServed() throws {
        let (server, metrics) = try monitoring()
        defer { server.stop() }
        metrics.counter("served_total", "Served.").add(7)
        let answer = try get(server.port, "/metrics")
        #expect(answer.status == 200)
        #expect(answer.head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"))
        #expect(answer.body == metrics.exposition() && answer.body.contains("served_total 7\n"))
        let head = try get(server.port, "/metrics", method: "HEAD")
        #expect(head.status == 200 && head.body.isEmpty)
    }

    @Test func readinessNamesItsChecks() throws {
        let readiness = Readiness(["redis", "catalogue"])
        let (server, _) = try monitoring(readiness)
        defer { server.stop() }
        #expect(try get(server.port, "/health/live").status == 200)

        readiness.set("redis", .ready)
        readiness.set("catalogue", .waiting("4 of \"9\""))
        let waiting = try get(server.port, "/health/ready")
        #expect(waiting.status == 503 && !readiness.isReady)
        #expect(
            waiting.body
                == #"{"status":"waiting","checks":{"redis":{"ready":true},"catalogue":{"ready":false,"reason":"4 of \"9\""}}}"#
                + "\n")

        readiness.set("catalogue", .ready)
        let ready = try get(server.port, "/health/ready")
        #expect(ready.status == 200 && readiness.isReady)
        #expect(
            ready.body == #"{"status":"ready","checks":{"redis":{"ready":true},"catalogue":{"ready":true}}}"# + "\n")
        #expect(ready.head.contains("Content-Type: application/json"))

        readiness.set("retrieval", .warning("0.9 of 0.99"))
        let warning = try get(server.port, "/health/ready")
        #expect(warning.status == 200 && readiness.isReady)
        #expect(warning.body.contains(#""retrieval":{"ready":true,"warning":"0.9 of 0.99"}"#))
    }

    @Test func otherPathsAndMethodsAreRefusedClearly() throws {
        let (server, _) = try monitoring()
        defer { server.stop() }
        let missing = try get(server.port, "/nothing?x=1")
        #expect(missing.status == 404 && missing.body.contains("/health/live /health/ready /metrics"))
        let post = try get(server.port, "/metrics", method: "POST", body: "a=b")
        #expect(post.status == 405 && post.head.contains("Allow: GET, HEAD"))
        #expect(try get(server.port, "/metrics", method: "DELETE").status == 405)
        #expect(try exchange(server.port, "nonsense\r\n\r\n").contains(" 200 ") == false)
        #expect(try get(server.port, "/health/live").status == 200)
    }

    @Test func aPortInUseIsNamedWithTheRemedy() throws {
        let (server, _) = try monitoring()
        defer { server.stop() }
        let error = #expect(throws: HTTPServerError.self) {
            try HTTPServer.start(port: server.port) { _ in .text("never") }
        }
        let text = String(describing: try #require(error))
        #expect(text.contains("127.0.0.1 port \(server.port)") && text.contains("another process listens there"))
    }

    @Test(arguments: ["192.0.2.1", "no such host"])
    func anAddressOfAnotherMachineIsRefused(address: String) throws {
        let error = #expect(throws: HTTPServerError.self) {
            try HTTPServer.start(address: address, port: 0) { _ in .text("never") }
        }
        let text = String(describing: try #require(error))
        #expect(text.contains(address) && text.contains("127.0.0.1 is this machine alone"))
    }

    @Test func afterStoppingThePortIsFree() throws {
        let (server, _) = try monitoring()
        let port = server.port
        server.stop()
        server.stop()
        #expect(throws: POSIXError.self) { try exchange(port, "GET / HTTP/1.0\r\n\r\n") }
        let next = try HTTPServer.start(port: port) { .text($0.path) }
        defer { next.stop() }
        #expect(try get(next.port, "/a%20b").body == "/a b\n")
    }

    @Test func manyClientsAreServedAtOnce() async throws {
        let (server, _) = try monitoring()
        defer { server.stop() }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try get(server.port, "/health/live").status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 50))
    }
}
