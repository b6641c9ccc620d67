import Streaming
import Synchronization

/// A sink whose deliveries happen when the test says so, in any order; what was not acknowledged may still have arrived.
final class ManualSink: Sink {
    final class Ticket: Delivery {
        let records: [OutputRecord]
        private let current = Mutex(DeliveryState.pending)

        init(records: [OutputRecord]) { self.records = records }

        var state: DeliveryState { current.withLock { $0 } }

        func settle(_ state: DeliveryState) { current.withLock { $0 = state } }
    }

    private let contents = Mutex<(waiting: [Ticket], arrived: [OutputRecord])>(([], []))

    func produce(_ records: [OutputRecord]) throws(StreamError) -> any Delivery {
        let ticket = Ticket(records: records)
        contents.withLock { $0.waiting.append(ticket) }
        return ticket
    }

    /// What consumers of the output can read, in order.
    var arrived: [OutputRecord] { contents.withLock { $0.arrived } }

    var waiting: Int { contents.withLock { $0.waiting.count } }

    /// Delivers the waiting ticket at `index`.
    func deliver(_ index: Int = 0) {
        contents.withLock { contents in
            guard contents.waiting.indices.contains(index) else { return }
            let ticket = contents.waiting.remove(at: index)
            contents.arrived.append(contentsOf: ticket.records)
            ticket.settle(.delivered)
        }
    }

    /// Fails the oldest waiting ticket for good.
    func fail(_ error: StreamError) {
        contents.withLock { contents in
            guard !contents.waiting.isEmpty else { return }
            contents.waiting.removeFirst().settle(.failed(error))
        }
    }
}
