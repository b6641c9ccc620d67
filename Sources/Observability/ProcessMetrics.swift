import Foundation

extension MetricRegistry {
    /// Registers the conventional `process_…` metrics of this process, read from the kernel when somebody looks.
    public func registerProcessMetrics() {
        sampledCounter("process_cpu_seconds_total", "User and system time the process has used, in seconds.") {
            ProcessStatistics.cpuSeconds()
        }
        sampledGauge("process_resident_memory_bytes", "Memory of the process that is in RAM, in bytes.") {
            ProcessStatistics.residentBytes()
        }
        sampledGauge("process_open_fds", "Open file descriptors.") { ProcessStatistics.openDescriptors() }
        sampledGauge("process_max_fds", "How many file descriptors the process may open.") {
            var limit = rlimit()
            return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? Double(limit.rlim_cur) : .nan
        }
        let started = ProcessStatistics.startTime()
        sampledGauge("process_start_time_seconds", "When the process started, in seconds since 1970.") { started }
    }
}

/// What the kernel says of this process; NaN where it says nothing.
public enum ProcessStatistics {
    /// User and system time in seconds.
    public static func cpuSeconds() -> Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// What the calling thread has used, in nanoseconds.
    package static func threadNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Resident memory in bytes.
    public static func residentBytes() -> Double {
        let fields = contents("/proc/self/statm").split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return .nan }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    static func openDescriptors() -> Double {
        // The directory's own descriptor is among them.
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map { Double($0.count - 1) } ?? .nan
    }

    static func startTime() -> Double {
        // proc(5): field 22 of stat is the start in clock ticks after boot; the name in field 2 may hold spaces.
        let fields = contents("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
        let boot = contents("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
        guard fields.count > 19, let ticks = Double(fields[19]), let boot = boot.flatMap({ Double($0.dropFirst(6)) })
        else {
            return .nan
        }
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func contents(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
