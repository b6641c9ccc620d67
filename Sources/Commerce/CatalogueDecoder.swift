import JSON

/// What a record of the `catalogue` topic does to the catalogue.
public enum CatalogueChange: Equatable, Sendable {
    /// The item is new, or replaces what was known of it.
    case upsert(CatalogueItem)
    /// The item is withdrawn: a record with a key and no value.
    case withdrawal(ItemID)
    case refused(RecordFault)
}

/// Turns records of the `catalogue` topic into changes, or says why not. One for each thread: it keeps the parser's buffers.
public struct CatalogueDecoder {
    /// The largest value of a record, in bytes.
    public static let maximumPayload = 1 << 20
    /// The largest number of components of a supplied vector.
    public static let maximumVectorLength = 4_096
    /// The largest number of supplied vectors of an item.
    public static let maximumVectors = 16
    /// The largest number of markets of an item.
    public static let maximumMarkets = 256
    /// The largest number of levels of a category path.
    public static let maximumCategoryDepth = 32

    private let parser: JSONParser
    private let columns: [VectorColumn]

    /// A decoder for values of at most `maximumPayload` bytes.
    ///
    /// - Parameter columns: vector columns that the catalogue's schema declares: a vector of another width is refused.
    public init(maximumPayload: Int = Self.maximumPayload, columns: [VectorColumn] = []) {
        parser = JSONParser(maximumLength: maximumPayload)
        self.columns = columns
    }

    /// Decodes one record. The key must be the item's identifier, byte for byte.
    public func decode(key: [UInt8]?, value: [UInt8]?) -> CatalogueChange {
        do {
            guard let key, !key.isEmpty else {
                throw RecordFault(.missingKey, "the record has no key; it must be the item's identifier")
            }
            guard let value else { return .withdrawal(ItemID(try Identifier.read(key, "the key"))) }
            let item = try decode(value)
            guard key.elementsEqual(item.item.rawValue.utf8) else {
                throw RecordFault(
                    .keyMismatch, "the key \(excerpt(key)) is not the item's identifier \(excerpt(item.item.rawValue))")
            }
            return .upsert(item)
        } catch {
            return .refused(RecordFault(decoding: error))
        }
    }

    /// Decodes a value alone, as it stands in a file.
    /// - Throws: `RecordFault`.
    public func decode(_ value: [UInt8]) throws(RecordFault) -> CatalogueItem {
        do {
            let item = try parser.parse(value) { try NativeCatalogueItem.decode($0) }
            for column in columns {
                guard let vector = item.vectors[column.name], vector.count != column.width else { continue }
                throw RecordFault(
                    .invalidLength,
                    "item \(excerpt(item.item.rawValue)): vectors.\(excerpt(column.name)) has \(vector.count) components, "
                        + "the catalogue's schema declares \(column.width)")
            }
            return item
        } catch {
            throw RecordFault(decoding: error)
        }
    }
}
