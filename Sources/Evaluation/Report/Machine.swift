import Foundation
import LinearAlgebra

/// What figures were measured on.
public struct Machine: Codable, Sendable, Equatable {
    /// The processor's model, as Linux tells it.
    public var processor: String
    /// Cores that this process may use.
    public var cores: Int
    /// Memory in units of 10^9 bytes.
    public var memoryGigabytes: Int
    /// The operating system and its version.
    public var system: String
    /// The level of the vector kernels: `avx512`.
    public var instructions: String
    /// Runnable threads of everybody, averaged over the minute before the start: above 0, others had their share.
    public var loadBefore: Double

    /// This machine, now.
    public static func here() -> Machine {
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let model = info.first { $0.hasPrefix("model name") }?.split(separator: ":").last
        var loads = [0.0]
        getloadavg(&loads, 1)
        return Machine(
            processor: model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown",
            cores: ProcessInfo.processInfo.activeProcessorCount,
            memoryGigabytes: Int((Double(ProcessInfo.processInfo.physicalMemory) / 1e9).rounded()),
            system: ProcessInfo.processInfo.operatingSystemVersionString, instructions: "\(InstructionSet.current)",
            loadBefore: loads[0])
    }
}
