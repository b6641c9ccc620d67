import CMicrohttpd
import Glibc
import Synchronization

/// A small HTTP/1.1 server on one thread of its own, for metrics and health (libmicrohttpd, epoll).
///
/// At most 256 connections, each closed after 30 idle seconds. Request bodies are not read.
public final class HTTPServer: Sendable {
    /// The port it listens on; the one that was found where 0 was asked for.
    public let port: Int
    // The daemon's address; 0 once stopped. MHD's own calls are thread-safe, stopping twice is not.
    private let daemon: Mutex<UInt>
    private let context: Unmanaged<HTTPHandler>

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - address: where to listen; only this machine by default.
    ///   - port: 0 for any that is free.
    ///   - handler: called on the server's thread, so it must not wait.
    public static func start(
        address: String = "127.0.0.1", port: Int, handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse
    ) throws(HTTPServerError) -> HTTPServer {
        try HTTPServer(listening: ListeningSocket(address: address, port: port), handler: handler)
    }

    private init(
        listening socket: ListeningSocket, handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse
    ) throws(HTTPServerError) {
        // The daemon's callback borrows the handler until `stop`.
        let context = Unmanaged.passRetained(HTTPHandler(handler))
        let options: [any CVarArg] = [
            Int32(MHD_OPTION.LISTEN_SOCKET.rawValue), socket.descriptor,
            Int32(MHD_OPTION.CONNECTION_LIMIT.rawValue), UInt32(256),
            Int32(MHD_OPTION.CONNECTION_TIMEOUT.rawValue), UInt32(30),
            Int32(MHD_OPTION.END.rawValue),
        ]
        let daemon = withVaList(options) { list in
            MHD_start_daemon_va(
                MHD_USE_EPOLL_INTERNAL_THREAD.rawValue, 0, nil, nil, answer, context.toOpaque(), list)
        }
        guard let daemon else {
            context.release()
            close(socket.descriptor)
            throw HTTPServerError("cannot start the HTTP server on port \(socket.port): no thread or memory for it")
        }
        port = socket.port
        self.daemon = Mutex(UInt(bitPattern: daemon))
        self.context = context
    }

    /// Closes the port and every connection, and waits for the handler that may be running. Stopping twice does nothing.
    public func stop() {
        daemon.withLock { address in
            guard let daemon = OpaquePointer(bitPattern: address) else { return }
            MHD_stop_daemon(daemon)
            context.release()
            address = 0
        }
    }

    deinit { stop() }
}

/// Holds the handler for C.
private final class HTTPHandler: Sendable {
    let respond: @Sendable (HTTPRequest) -> HTTPResponse

    init(_ respond: @escaping @Sendable (HTTPRequest) -> HTTPResponse) { self.respond = respond }
}

/// `MHD_AccessHandlerCallback`: called once with the headers, then again when the body, if any, has come.
@Sendable private func answer(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, path: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, version: UnsafePointer<CChar>?, upload: UnsafePointer<CChar>?,
    uploadSize: UnsafeMutablePointer<Int>?, state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let path, let method, let state else { return .NO }
    let request = HTTPRequest(method: String(cString: method), path: String(cString: path))
    // Reads are answered at the second call, which keeps the connection; anything with a body at the first, unread.
    if state.pointee == nil, request.method == "GET" || request.method == "HEAD" {
        state.pointee = context
        return .YES
    }
    let response = Unmanaged<HTTPHandler>.fromOpaque(context).takeUnretainedValue().respond(request)
    let native = response.body.withUnsafeBytes { body in
        // MHD copies the bytes; it does not write to them.
        MHD_create_response_from_buffer(
            body.count, UnsafeMutableRawPointer(mutating: body.baseAddress), .RESPMEM_MUST_COPY)
    }
    guard let native else { return .NO }
    defer { MHD_destroy_response(native) }
    MHD_add_response_header(native, "Content-Type", response.contentType)
    for (name, value) in response.headers { MHD_add_response_header(native, name, value) }
    return MHD_queue_response(connection, UInt32(clamping: response.status), native)
}
