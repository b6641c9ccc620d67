import JSON

/// A list as it stands in a record of the `recommendations` topic.
public struct PublishedList: Equatable, Sendable {
    /// The list's identity: equal ones are equal byte for byte.
    public var listID: String
    public var list: RecommendationList

    public init(listID: String, list: RecommendationList) {
        self.listID = listID
        self.list = list
    }
}

/// Reads values of the `recommendations` topic. One for each thread: it keeps the parser's buffers.
public struct ListDecoder {
    private let parser = JSONParser()

    public init() {}

    /// Decodes one value.
    /// - Throws: `RecordFault` where it is not a list of the contract, or bears another `list_id` than its lineage gives.
    public func decode(_ value: [UInt8]) throws(RecordFault) -> PublishedList {
        do {
            let published = try parser.parse(value) { try NativeList.decode($0) }
            guard try published.list.lineage.listID() == published.listID else {
                throw RecordFault(
                    .keyMismatch, "list_id \(excerpt(published.listID)) is not the hash of the list's lineage")
            }
            return published
        } catch {
            throw RecordFault(decoding: error)
        }
    }
}

/// The contract's form of a list (`topics/recommendations.json`), read.
private enum NativeList {
    static func decode(_ value: JSONValue) throws(RecordFault) -> PublishedList {
        let record = try RecordReader<ListField>(value)
        let user = try record.identifier(.userID)
        let shopper: Shopper =
            if let user { .known(user) } else { .anonymous(try record.requiredIdentifier(.anonymousID)) }
        let lineage = RecommendationList.Lineage(
            trigger: try trigger(record.required(.trigger)), source: try source(record.required(.source)),
            modelVersion: try record.requiredIdentifier(.modelVersion),
            indexVersion: try record.requiredIdentifier(.indexVersion),
            configuration: try record.requiredIdentifier(.configuration),
            catalogue: try catalogue(record.required(.catalogue)))
        return PublishedList(
            listID: try record.requiredIdentifier(.listID),
            list: RecommendationList(
                shopper: shopper, slots: try slots(record.required(.items)),
                shortfall: record.value(.shortfall) == nil
                    ? 0 : try record.integer(.shortfall, in: 1...Int(Int32.max)),
                lineage: lineage, eventTime: try record.time(.eventTime)))
    }

    private static func slots(_ value: JSONValue) throws(RecordFault) -> [RecommendationList.Slot] {
        guard let elements = value.array else {
            throw RecordFault(.wrongType, "items must be an array, not \(describe(value))")
        }
        var slots: [RecommendationList.Slot] = []
        for element in elements {
            let place = "items[\(slots.count)]"
            let record = try RecordReader<SlotField>(element, place: place)
            let origin = try record.requiredIdentifier(.origin)
            guard let score = try record.number(.score, "a single", { Float($0).isFinite }) else {
                throw RecordFault(.missingField, "\(place).score is missing")
            }
            guard let origin = RecommendationList.Origin(rawValue: origin) else {
                throw RecordFault(.unknownType, "\(place).origin \(excerpt(origin)) is not known")
            }
            slots.append(
                RecommendationList.Slot(
                    rank: try record.integer(.rank, in: 1...Int(Int32.max)),
                    item: ItemID(try record.requiredIdentifier(.itemID)), score: Float(score), origin: origin,
                    because: try record.identifier(.because).map { ItemID($0) }))
        }
        return slots
    }

    private static func trigger(_ value: JSONValue) throws(RecordFault) -> RecommendationList.Trigger {
        let record = try RecordReader<TriggerField>(value, place: "trigger")
        let type = try record.requiredIdentifier(.type)
        guard type == "event" else { throw RecordFault(.unknownType, "trigger.type \(excerpt(type)) is not known") }
        return .event(id: try record.identifier(.eventID))
    }

    private static func source(_ value: JSONValue) throws(RecordFault) -> RecommendationList.Source {
        let record = try RecordReader<SourceField>(value, place: "source")
        return RecommendationList.Source(
            topic: try Text.read(record.required(.topic), "source.topic"),
            partition: try record.integer(.partition, in: 0...Int32.max),
            offset: try record.integer(.offset, in: 0...Int64.max))
    }

    private static func catalogue(_ value: JSONValue) throws(RecordFault) -> [Int32: Int64] {
        guard let fields = value.object else {
            throw RecordFault(.wrongType, "catalogue must be an object of offsets by partition, not \(describe(value))")
        }
        var offsets: [Int32: Int64] = [:]
        for field in fields {
            let name = String(decoding: field.name, as: UTF8.self)
            guard let partition = Int32(name), partition >= 0, String(partition) == name else {
                throw RecordFault(.wrongType, "catalogue: \(excerpt(name)) is not the number of a partition")
            }
            guard let offset = field.value.int64, offset >= 0 else {
                throw RecordFault(.wrongType, "catalogue.\(name) must be an offset, not \(describe(field.value))")
            }
            guard offsets.updateValue(offset, forKey: partition) == nil else {
                throw RecordFault(.duplicateField, "catalogue.\(name) is there twice")
            }
        }
        return offsets
    }
}

private enum ListField: Int, RecordField {
    case listID, userID, anonymousID, items, trigger, source, modelVersion, indexVersion, configuration, catalogue,
        eventTime, shortfall

    static let names: [StaticString] = [
        "list_id", "user_id", "anonymous_id", "items", "trigger", "source", "model_version", "index_version",
        "configuration", "catalogue", "event_time", "shortfall",
    ]
}

private enum SlotField: Int, RecordField {
    case rank, itemID, score, origin, because

    static let names: [StaticString] = ["rank", "item_id", "score", "origin", "because"]
}

private enum TriggerField: Int, RecordField {
    case type, eventID

    static let names: [StaticString] = ["type", "event_id"]
}

private enum SourceField: Int, RecordField {
    case topic, partition, offset

    static let names: [StaticString] = ["topic", "partition", "offset"]
}
