import Foundation
import Testing

extension Faults {
    /// The answer of a process's own HTTP server, whose port its log names.
    static func get(_ process: ChildProcess, _ path: String) throws -> (status: Int, body: String) {
        try #require(process.polls { !process.log("starting").isEmpty }, "\(process.lines)")
        let base = try #require(process.log("starting").first?["metrics"]?.split(separator: "/").dropFirst().first)
        let port = try #require(base.split(separator: ":").last.flatMap { UInt16($0) })
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
        let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        let sent = send(descriptor, request, request.count, Int32(MSG_NOSIGNAL))
        try #require(sent == request.count)
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            answer += chunk[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self)
        let end = try #require(text.range(of: "\r\n\r\n"))
        return (
            try #require(Int(text.split(separator: " ").dropFirst().first ?? "")), String(text[end.upperBound...])
        )
    }

    /// What can be seen of a process from outside.
    @Suite struct MonitoringTests {
        @Test(.enabled(if: FaultsHere.find("promtool") != nil, "promtool is not on the PATH (Debian: prometheus)"))
        func promtoolAcceptsTheMetrics() async throws {
            try await Deployment.with { shop in
                let process = try shop.start()
                defer { process.destroy() }
                try shop.produceEvents(200)
                try shop.waitUntilApplied(process)
                let (status, body) = try Faults.get(process, "/metrics")
                #expect(status == 200)
                #expect(body.contains("breadcrumb_model_info{version=\"\(shop.model.version)\"} 1"))
                #expect(body.contains("breadcrumb_partitions_owned 4"))
                let file = shop.directory.appendingPathComponent("metrics").path
                try body.write(toFile: file, atomically: true, encoding: .utf8)
                let check = try ChildProcess("/bin/sh", ["-c", "promtool check metrics < \"$0\"", file])
                #expect(check.wait() == .exit(0), "\(check.lines)")
                #expect(check.lines.isEmpty, "\(check.lines)")
            }
        }

        @Test func healthFollowsRedis() async throws {
            try await Deployment.with(redis: .init(durable: true)) { shop in
                shop.redis.kill()
                let process = try shop.start()
                defer { process.destroy() }
                func isReady() throws -> Bool {
                    #expect(try Faults.get(process, "/health/live").status == 200)
                    return try Faults.get(process, "/health/ready").status == 200
                }
                try #require(process.polls { !process.log("waiting").isEmpty }, "\(process.lines)")
                let before = try Faults.get(process, "/health/ready")
                #expect(before.status == 503)
                #expect(before.body.contains("redis"))
                try shop.redis.restart()
                try #require(try process.polls(40) { try isReady() }, "\(process.lines.suffix(5))")

                shop.redis.kill()
                try shop.produceEvents(100)
                try #require(try process.polls { try !isReady() }, "\(process.lines.suffix(5))")
                let away = try Faults.get(process, "/health/ready").body
                #expect(away.contains("Redis"), "\(away) \(process.lines.suffix(8))")
                try shop.redis.restart()
                try #require(try process.polls(40) { try isReady() }, "\(process.lines.suffix(5))")
                try shop.waitUntilApplied(process)
                process.send(SIGTERM)
                #expect(process.wait(15) == .exit(0))
                let pass = try MemoryPass(shop)
                try pass.compareStates(shop)
                try pass.compareLists(shop)
            }
        }
    }
}
