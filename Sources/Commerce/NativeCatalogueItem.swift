import JSON

/// The contract's form of a catalogue record (`topics/catalogue.json`), read and written.
enum NativeCatalogueItem {
    enum Field: Int, RecordField {
        case itemID, title, category, brand, description, price, currency, inStock, markets, link, imageLink, vectors

        static let names: [StaticString] = [
            "item_id", "title", "category", "brand", "description", "price", "currency", "in_stock", "markets",
            "link", "image_link", "vectors",
        ]
    }

    static func decode(_ value: JSONValue) throws(RecordFault) -> CatalogueItem {
        let record = try RecordReader<Field>(value)
        return CatalogueItem(
            item: ItemID(try record.requiredIdentifier(.itemID)), title: try record.text(.title),
            category: try category(record.value(.category)),
            brand: try record.text(.brand).flatMap { $0.isEmpty ? nil : $0 },
            description: try record.text(.description), price: try record.number(.price, "0 or more") { $0 >= 0 },
            currency: try record.identifier(.currency), inStock: try record.boolean(.inStock) ?? true,
            markets: try markets(record.value(.markets)), link: try record.text(.link),
            imageLink: try record.text(.imageLink),
            vectors: try vectors(record.value(.vectors)))
    }

    private static func category(_ value: JSONValue?) throws(RecordFault) -> [String] {
        guard let value else { return [] }
        guard let levels = value.array else {
            throw RecordFault(.wrongType, "category must be an array of strings, widest first, not \(describe(value))")
        }
        var path: [String] = []
        for level in levels {
            guard path.count < CatalogueDecoder.maximumCategoryDepth else {
                throw RecordFault(
                    .invalidLength, "category has more than \(CatalogueDecoder.maximumCategoryDepth) levels")
            }
            path.append(try Text.read(level, "category[\(path.count)]"))
        }
        // Feeds write "" for what they do not have.
        return Array(path.prefix { !$0.isEmpty })
    }

    private static func markets(_ value: JSONValue?) throws(RecordFault) -> [String] {
        guard let value else { return [] }
        guard let names = value.array else {
            throw RecordFault(.wrongType, "markets must be an array of strings, not \(describe(value))")
        }
        var markets: [String] = []
        for name in names {
            guard markets.count < CatalogueDecoder.maximumMarkets else {
                throw RecordFault(.invalidLength, "markets has more than \(CatalogueDecoder.maximumMarkets) entries")
            }
            let path = "markets[\(markets.count)]"
            let market = try Text.read(name, path)
            try Identifier.checkLength(market.utf8, path)
            if !markets.contains(market) { markets.append(market) }
        }
        return markets
    }

    private static func vectors(_ value: JSONValue?) throws(RecordFault) -> [String: [Float]] {
        guard let value else { return [:] }
        guard let fields = value.object else {
            throw RecordFault(.wrongType, "vectors must be an object of arrays of numbers, not \(describe(value))")
        }
        var vectors: [String: [Float]] = [:]
        for field in fields {
            try Identifier.checkLength(field.name, "the name of a vector")
            let name = String(decoding: field.name, as: UTF8.self)
            guard vectors[name] == nil else {
                throw RecordFault(.duplicateField, "vectors.\(excerpt(name)) is there twice")
            }
            guard vectors.count < CatalogueDecoder.maximumVectors else {
                throw RecordFault(.invalidLength, "vectors has more than \(CatalogueDecoder.maximumVectors) entries")
            }
            vectors[name] = try vector(field.value, name)
        }
        return vectors
    }

    private static func vector(_ value: JSONValue, _ name: String) throws(RecordFault) -> [Float] {
        guard let elements = value.array else {
            throw RecordFault(
                .wrongType, "vectors.\(excerpt(name)) must be an array of numbers, not \(describe(value))")
        }
        var vector: [Float] = []
        vector.reserveCapacity(min(elements.underestimatedCount, CatalogueDecoder.maximumVectorLength))
        for element in elements {
            guard let number = element.double else {
                throw RecordFault(
                    .wrongType, "vectors.\(excerpt(name))[\(vector.count)] must be a number, not \(describe(element))")
            }
            let single = Float(number)
            guard single.isFinite else {
                throw RecordFault(
                    .invalidNumber, "vectors.\(excerpt(name))[\(vector.count)] is \(number), too large for a single")
            }
            guard vector.count < CatalogueDecoder.maximumVectorLength else {
                throw RecordFault(
                    .invalidLength,
                    "vectors.\(excerpt(name)) has more than \(CatalogueDecoder.maximumVectorLength) components")
            }
            vector.append(single)
        }
        guard !vector.isEmpty else { throw RecordFault(.invalidLength, "vectors.\(excerpt(name)) has no components") }
        return vector
    }
}

extension CatalogueItem {
    /// The key of the item's record: the bytes of its identifier.
    public var key: [UInt8] { Array(item.rawValue.utf8) }

    /// The record's value. What is absent, or as by default, is left out; vectors come in the order of their names.
    /// - Throws: `JSONError` where a price or a vector holds a NaN or an infinity.
    public func encoded() throws(JSONError) -> [UInt8] {
        var writer = JSONWriter(reserving: 512)
        try writer.object { json throws(JSONError) in
            json.field("item_id", item.rawValue)
            json.field("title", title)
            if !category.isEmpty {
                json.name(fixed: "category")
                json.array { json in for level in category { json.string(level) } }
            }
            json.field("brand", brand)
            json.field("description", description)
            try json.field("price", price)
            json.field("currency", currency)
            if !inStock {
                json.name(fixed: "in_stock")
                json.bool(false)
            }
            if !markets.isEmpty {
                json.name(fixed: "markets")
                json.array { json in for market in markets { json.string(market) } }
            }
            json.field("link", link)
            json.field("image_link", imageLink)
            if !vectors.isEmpty {
                json.name(fixed: "vectors")
                try json.object { json throws(JSONError) in
                    for (name, vector) in vectors.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                        json.name(name)
                        try json.array { json throws(JSONError) in for value in vector { try json.number(value) } }
                    }
                }
            }
        }
        return writer.bytes
    }
}
