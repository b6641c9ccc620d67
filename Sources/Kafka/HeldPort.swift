import Foundation
import Synchronization

/// A port of the loopback interface that nobody else is given while it is held.
///
/// A broker that is cut off has closed its listener. Until it listens again any connection on the machine may be given its
/// port as its own end, even that of the client which tries to reach it; librdkafka then ends the process, since it
/// cannot listen. A socket that is bound to the port, but neither listens nor connects, keeps it free.
final class HeldPort: Sendable {
    private let socket: Int32

    /// Holds the port, or nil if it is no port that is free.
    init?(_ port: UInt16) {
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var isOn: Int32 = 1
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size)) == 0
                    ? bind(socket, target, size) : -1
            }
        }
        // Closed by `deinit` in either case.
        if result != 0 { return nil }
    }

    deinit { close(socket) }
}
