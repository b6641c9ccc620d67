import Foundation
import Observability

/// Processor time used so far, in seconds, by those who take part.
struct ProcessorTime {
    /// This process as a whole.
    var process: Double
    /// Of it, the thread of the embedded cluster's broker.
    var embeddedBroker: Double
    /// Of it, the threads of librdkafka's clients.
    var kafkaClients: Double
    var redis: Double
    /// The named Kafka, where it runs on this machine.
    var kafka: Double?

    static func now(redis: Int32?, kafka: Int32?) -> ProcessorTime {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        let times = threads.compactMap { Stat(path: "/proc/self/task/\($0)/stat") }
        func sum(_ prefix: String) -> Double { times.reduce(0) { $0 + ($1.name.hasPrefix(prefix) ? $1.seconds : 0) } }
        return ProcessorTime(
            process: ProcessStatistics.cpuSeconds(), embeddedBroker: sum("rdk:mock"),
            kafkaClients: sum("rdk:") - sum("rdk:mock"),
            redis: redis.flatMap { Stat(path: "/proc/\($0)/stat")?.seconds } ?? .nan,
            kafka: kafka.flatMap { Stat(path: "/proc/\($0)/stat")?.seconds })
    }

    /// What the calling thread has used, in nanoseconds.
    static func ofThisThread() -> Int64 { ProcessStatistics.threadNanoseconds() }

    /// The process that listens on a local TCP port: the broker's. Nil where there is none, or another user's.
    static func listener(on port: Int) -> Int32? {
        let hexadecimal = ":" + String(format: "%04X", port)
        let sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
            (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
        }
        // proc(5): local address is field 2, the state field 4 (0A listens), the inode field 10.
        let inodes = sockets.compactMap { line -> String? in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[1].hasSuffix(hexadecimal), fields[3] == "0A" else { return nil }
            return "socket:[\(fields[9])]"
        }
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap(Int32.init) ?? []
        return processes.first { process in
            let folder = "/proc/\(process)/fd"
            return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).contains { descriptor in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(descriptor)")
                return target.map(inodes.contains) ?? false
            }
        }
    }

    /// What proc(5)'s `stat` says of a process or a thread; in clock ticks, usually 10 ms.
    private struct Stat {
        let name: String
        let seconds: Double

        init?(path: String) {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8), let open = text.firstIndex(of: "("),
                let close = text.lastIndex(of: ")")
            else { return nil }
            name = String(text[text.index(after: open)..<close])
            // Fields 14 and 15, user and system time; the name is field 2.
            let fields = text[text.index(after: close)...].split(separator: " ")
            guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
            seconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }
}
