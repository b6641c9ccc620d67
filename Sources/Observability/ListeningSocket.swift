import Glibc

/// A TCP socket that listens: made here and not by the HTTP library, which would not say why it could not.
struct ListeningSocket {
    let descriptor: Int32
    let port: Int

    /// - Parameters:
    ///   - address: a numeric IPv4 or IPv6 address, or a name of this machine.
    ///   - port: 0 for any that is free.
    init(address: String, port: Int) throws(HTTPServerError) {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(address, String(port), &hints, &found)
        guard status == 0, let info = found?.pointee else {
            let reason = gai_strerror(status).map { String(cString: $0) } ?? "unknown"
            throw HTTPServerError(
                "\(address): not an address of this machine (\(reason)); 127.0.0.1 is this machine alone")
        }
        defer { freeaddrinfo(found) }

        let descriptor = socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), info.ai_protocol)
        guard descriptor >= 0 else { throw HTTPServerError.bind(address, port, errno) }
        var on: Int32 = 1
        // A restarted process may take its port again at once.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, listen(descriptor, 64) == 0 else {
            let reason = errno
            close(descriptor)
            throw HTTPServerError.bind(address, port, reason)
        }
        self.descriptor = descriptor
        self.port = Self.boundPort(descriptor) ?? port
    }

    private static func boundPort(_ descriptor: Int32) -> Int? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard status == 0 else { return nil }
        // The port stands at the same place in sockaddr_in and sockaddr_in6.
        return withUnsafeBytes(of: &address) { Int(UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self))) }
    }
}

/// Why the HTTP server does not serve.
public struct HTTPServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The address, the reason and the remedy.
    public let description: String

    init(_ description: String) { self.description = description }

    static func bind(_ address: String, _ port: Int, _ code: Int32) -> HTTPServerError {
        let remedy =
            switch code {
            case EADDRINUSE: "another process listens there: stop it or choose another port (0 is any that is free)"
            case EACCES: "ports below 1024 need a privilege: choose a higher one"
            case EADDRNOTAVAIL:
                "this machine does not have that address: 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses"
            default: "choose another address or port"
            }
        return HTTPServerError(
            "cannot listen on \(address) port \(port): \(String(cString: strerror(code))); \(remedy)")
    }
}
