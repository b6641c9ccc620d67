import JSON

/// The contract's form of a catalogue record (`topics/catalogue.json`), read and written.
enum NativeCatalogueItem {
    enum Field: Int, RecordField {
        case itemID, title, category, brand, description, price, currency, inStock, link, imageLink, vectors

        var name: StaticString {
            switch self {
            case .itemID: "item_id"
            case .title: "title"
            case .category: "category"
            case .brand: "brand"
            case .description: "description"
            case .price: "price"
            case .currency: "currency"
            case .inStock: "in_stock"
            case .link: "link"
            case .imageLink: "image_link"
            case .vectors: "vectors"
            }
        }
    }

    static func decode(_ value: JSONValue) throws(RecordFault) -> CatalogueItem {
        let record = try RecordReader<Field>(value)
        return CatalogueItem(
            item: ItemID(try record.requiredIdentifier(.itemID)), title: try record.text(.title),
            category: try category(record.value(.category)), brand: try record.text(.brand),
            description: try record.text(.description), price: try record.number(.price, "0 or more") { $0 >= 0 },
            currency: try record.identifier(.currency), inStock: try record.boolean(.inStock) ?? true,
            link: try record.text(.link), imageLink: try record.text(.imageLink), vectors: try vectors(record.value(.vectors)))
    }

    private static func category(_ value: JSONValue?) throws(RecordFault) -> [String] {
        guard let value else { return [] }
        guard let levels = value.array else {
            throw RecordFault(.wrongType, "category must be an array of strings, widest first, not \(describe(value))")
        }
        var path: [String] = []
        for level in levels {
            guard path.count < CatalogueDecoder.maximumCategoryDepth else {
                throw RecordFault(.invalidLength, "category has more than \(CatalogueDecoder.maximumCategoryDepth) levels")
            }
            path.append(try Text.read(level, "category[\(path.count)]"))
        }
        return path
    }

    private static func vectors(_ value: JSONValue?) throws(RecordFault) -> [String: [Float]] {
        guard let value else { return [:] }
        guard let fields = value.object else {
            throw RecordFault(.wrongType, "vectors must be an object of arrays of numbers, not \(describe(value))")
        }
        var vectors: [String: [Float]] = [:]
        for field in fields {
            guard let name = String(validating: field.name, as: UTF8.self) else {
                throw RecordFault(.invalidUTF8, "vectors: the name \(excerpt(field.name)) has half a surrogate pair")
            }
            try Identifier.checkLength(name.utf8, "the name of a vector")
            guard vectors[name] == nil else { throw RecordFault(.duplicateField, "vectors.\(excerpt(name)) is there twice") }
            guard vectors.count < CatalogueDecoder.maximumVectors else {
                throw RecordFault(.invalidLength, "vectors has more than \(CatalogueDecoder.maximumVectors) entries")
            }
            vectors[name] = try vector(field.value, name)
        }
        return vectors
    }

    private static func vector(_ value: JSONValue, _ name: String) throws(RecordFault) -> [Float] {
        guard let elements = value.array else {
            throw RecordFault(.wrongType, "vectors.\(excerpt(name)) must be an array of numbers, not \(describe(value))")
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
                throw RecordFault(.invalidNumber, "vectors.\(excerpt(name))[\(vector.count)] is \(number), too large for a single")
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
                json.name("category")
                json.array { json in for level in category { json.string(level) } }
            }
            json.field("brand", brand)
            json.field("description", description)
            try json.field("price", price)
            json.field("currency", currency)
            if !inStock {
                json.name("in_stock")
                json.bool(false)
            }
            json.field("link", link)
            json.field("image_link", imageLink)
            if !vectors.isEmpty {
                json.name("vectors")
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
