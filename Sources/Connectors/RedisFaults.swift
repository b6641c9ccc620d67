import Redis
import Streaming

extension StreamError {
    /// What a fault of Redis means to the stream: whether waiting helps, and what to do.
    init(_ error: RedisError, _ namespace: RedisNamespace) {
        switch error.code {
        case .wrongType:
            self.init(
                .corrupt,
                "\(error.message); others write under \(namespace): give Breadcrumb a namespace of its own"
            )
        case .script("CORRUPT"):
            self.init(
                .corrupt, "\(error.message): a head under \(namespace) was changed by hand; restore it from a backup")
        case .script("FORMAT"):
            self.init(
                .permanent,
                "\(error.message): state under \(namespace) has another format than "
                    + "\(RedisNamespace.format), which this version writes; use the version that made it, or "
                    + StreamError.newStart
            )
        case .script("PARTITIONS"):
            self.init(
                .partitionCountChanged,
                "\(error.message): state under \(namespace) was made with that number of partitions and the "
                    + "topic has another; restore the topic's number, or replay into "
                    + StreamError.newStart)
        default:
            self.init(error.isRetriable ? .unavailable : .permanent, error.message)
        }
    }
}
