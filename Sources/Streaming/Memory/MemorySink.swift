import Synchronization

/// A sink that keeps what was produced, delivered at once.
public final class MemorySink: Sink {
    private final class Delivered: Delivery {
        var state: DeliveryState { .delivered }
    }

    private let produced = Mutex<[OutputRecord]>([])

    public init() {}

    /// Everything produced so far, in order.
    public var records: [OutputRecord] { produced.withLock { $0 } }

    public func produce(_ records: [OutputRecord]) throws(StreamError) -> any Delivery {
        produced.withLock { $0.append(contentsOf: records) }
        return Delivered()
    }
}
