/// Answers by path: one handler a path, 404 with the known paths elsewhere, 405 for methods that only a writer would use.
public struct HTTPRouter: Sendable {
    private var routes: [String: @Sendable () -> HTTPResponse] = [:]

    /// A router that knows no path.
    public init() {}

    /// Adds what a GET (or HEAD) of `path` answers.
    public mutating func get(_ path: String, _ handler: @escaping @Sendable () -> HTTPResponse) {
        routes[path] = handler
    }

    /// The answer to a request.
    public func respond(_ request: HTTPRequest) -> HTTPResponse {
        guard let route = routes[request.path] else {
            return .text("There is nothing here. Known: \(routes.keys.sorted().joined(separator: " "))", status: 404)
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            var response = HTTPResponse.text("Only GET and HEAD are answered here.", status: 405)
            response.headers["Allow"] = "GET, HEAD"
            return response
        }
        return route()
    }

    /// `/metrics`, `/health/live` and `/health/ready`.
    public static func monitoring(metrics: MetricRegistry, readiness: Readiness) -> HTTPRouter {
        var router = HTTPRouter()
        router.get("/metrics") {
            HTTPResponse(status: 200, contentType: MetricRegistry.contentType, body: Array(metrics.exposition().utf8))
        }
        router.get("/health/live") {
            HTTPResponse(status: 200, contentType: "application/json", body: Array("{\"status\":\"live\"}\n".utf8))
        }
        router.get("/health/ready") {
            let (isReady, json) = readiness.report
            return HTTPResponse(status: isReady ? 200 : 503, contentType: "application/json", body: json)
        }
        return router
    }
}
