/// What a client asks for. The query and the body are not read yet.
public struct HTTPRequest: Equatable, Sendable {
    /// `GET`, `HEAD`, …
    public var method: String
    /// The decoded path, without the query.
    public var path: String

    /// A request as the server hands it over.
    public init(method: String, path: String) {
        self.method = method
        self.path = path
    }
}

/// What the server answers.
public struct HTTPResponse: Equatable, Sendable {
    /// `200`, `404`, …
    public var status: Int
    /// With the character set, where it is text.
    public var contentType: String
    /// The bytes as they are sent.
    public var body: [UInt8]
    /// Headers beside `Content-Type` and `Content-Length`.
    public var headers: [String: String] = [:]

    /// An answer without further headers.
    public init(status: Int, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// Plain text; a line feed is added.
    public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8) + [UInt8(ascii: "\n")])
    }
}
