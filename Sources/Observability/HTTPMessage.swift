/// What a client asks for. The query and the body are not read yet.
public struct HTTPRequest: Equatable, Sendable {
    /// `GET`, `HEAD`, …
    public var method: String
    /// The decoded path, without the query.
    public var path: String

    public init(method: String, path: String) {
        self.method = method
        self.path = path
    }
}

/// What the server answers.
public struct HTTPResponse: Equatable, Sendable {
    public var status: Int
    public var contentType: String
    public var body: [UInt8]
    /// Headers beside `Content-Type` and `Content-Length`.
    public var headers: [String: String] = [:]

    public init(status: Int, contentType: String, body: String) {
        self.status = status
        self.contentType = contentType
        self.body = Array(body.utf8)
    }

    /// Plain text; a line feed is added.
    public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: text + "\n")
    }
}
