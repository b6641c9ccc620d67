import Foundation
import LinearAlgebra

/// What the figures were measured on.
struct Machine: Codable {
    var processor: String
    var cores: Int
    var memoryGigabytes: Int
    var system: String
    var instructions: String
    /// Runnable threads of everybody, averaged over the minute before the start: above 0, others had their share.
    var loadBefore: Double

    static func here() -> Machine {
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
