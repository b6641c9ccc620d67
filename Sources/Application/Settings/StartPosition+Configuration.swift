import Commerce
import Configuration
import Connectors

extension StartPosition: ConfigurationValue {
    public static var kind: String { "earliest, latest, or a time such as 2026-11-01T00:00:00Z" }

    public init?(_ raw: RawValue) {
        let text: String
        switch raw {
        case .string(let written), .untyped(let written), .date(let written): text = written
        default: return nil
        }
        switch text {
        case "earliest": self = .earliest
        case "latest": self = .latest
        default:
            guard let time = EventTime(rfc3339: text.utf8) else { return nil }
            self = .time(time)
        }
    }

    public var text: String {
        switch self {
        case .earliest: "earliest"
        case .latest: "latest"
        case .time(let time): time.rfc3339
        }
    }
}
