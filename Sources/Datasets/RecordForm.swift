import Commerce

/// How records of one kind are read from a row of a table and from a line of JSON.
struct RecordForm<Record> {
    /// The names of the fields; the row's reading counts in this order.
    let fields: [String]
    /// Of each group one field must have a column.
    let needed: [[String]]
    let row: (TableRow, DatasetOptions) throws(RecordFault) -> Record
    /// Makes the reader of JSON lines, which keeps buffers.
    let lines: (DatasetOptions) -> ([UInt8]) throws(RecordFault) -> Record
}

extension RecordForm<Event> {
    static var event: RecordForm {
        RecordForm(
            fields: [
                "event_id", "type", "user_id", "anonymous_id", "item_id", "timestamp", "session_id", "quantity",
                "price", "currency",
            ],
            needed: [["type"], ["user_id", "anonymous_id"], ["item_id"], ["timestamp"]],
            row: { row, options throws(RecordFault) in
                let type = try row.required(1)
                let name = String(decoding: type, as: UTF8.self)
                guard let action = options.actions[name] ?? Action(name: name) else {
                    let known = (options.actions.keys.sorted() + Action.allCases.map(\.name)).joined(separator: ", ")
                    throw RecordFault(.unknownType, "type \(excerpt(type)) is none of \(known)")
                }
                let user = try row.identifier(2)
                let anonymous = try row.identifier(3)
                guard let shopper = user.map(Shopper.known) ?? anonymous.map(Shopper.anonymous) else {
                    throw RecordFault(.missingField, "user_id and anonymous_id are missing: an event needs one of them")
                }
                _ = try row.required(4)
                return Event(
                    eventID: try row.identifier(0), action: action, shopper: shopper,
                    anonymousID: user == nil ? nil : anonymous,
                    item: ItemID(try row.identifier(4) ?? ""),
                    time: try row.time(5, options.time, latest: options.latest),
                    sessionID: try row.identifier(6), quantity: try row.number(7, "greater than 0") { $0 > 0 },
                    price: try row.number(8, "0 or more") { $0 >= 0 }, currency: try row.identifier(9),
                    attributes: try row.attributes())
            },
            lines: { options in
                let decoder = EventDecoder(limits: EventDecoder.Limits(payload: options.maximumRow))
                return { line throws(RecordFault) in try decoder.decode(line, latest: options.latest) }
            })
    }
}

extension RecordForm<CatalogueItem> {
    /// Supplied vectors and markets have no form in a table: they come in JSON lines alone.
    static var catalogueItem: RecordForm {
        RecordForm(
            fields: [
                "item_id", "title", "category", "brand", "description", "price", "currency", "in_stock", "link",
                "image_link",
            ],
            needed: [["item_id"]],
            row: { row, options throws(RecordFault) in
                _ = try row.required(0)
                return CatalogueItem(
                    item: ItemID(try row.identifier(0) ?? ""), title: try row.text(1),
                    category: try path(row.text(2) ?? "", options.categorySeparator), brand: try row.text(3),
                    description: try row.text(4), price: try row.number(5, "0 or more") { $0 >= 0 },
                    currency: try row.identifier(6), inStock: try row.boolean(7) ?? true, link: try row.text(8),
                    imageLink: try row.text(9))
            },
            lines: { options in
                let decoder = CatalogueDecoder(maximumPayload: options.maximumRow, columns: options.vectors)
                return { line throws(RecordFault) in try decoder.decode(line) }
            })
    }

    /// The levels of a category path, without the spaces around them and without empty ones.
    private static func path(_ text: String, _ separator: String) throws(RecordFault) -> [String] {
        let levels = separator.isEmpty ? [text] : text.split(separator: separator).map(String.init)
        let path = levels.map { level in
            String(level.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }.filter { !$0.isEmpty }
        guard path.count <= CatalogueDecoder.maximumCategoryDepth else {
            throw RecordFault(.invalidLength, "category has more than \(CatalogueDecoder.maximumCategoryDepth) levels")
        }
        return path
    }
}
