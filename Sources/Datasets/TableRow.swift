import Commerce

/// Where the fields of a record are in a table: found once from the header and the column map.
struct TableLayout {
    /// A field's place in a row.
    enum Place {
        case column(Int)
        case constant([UInt8])
    }

    /// By field, in the order in which the record's reading numbers them; nil where the table has no such column.
    let places: [Place?]
    /// Columns of attributes, by name.
    let attributes: [(name: String, column: Int)]
    let columnCount: Int

    /// Finds `fields` and the columns of attributes among those of `header`. Of each group in `needed` one field must be there.
    init(
        fields: [String], needed: [[String]], attributes: [String], header: DelimitedReader.Row, map: ColumnMap,
        path: String
    ) throws(DatasetFault) {
        let columns = header.ends.indices.map { String(decoding: header.field($0), as: UTF8.self) }
        let found = "; its columns are " + columns.map { excerpt($0) }.joined(separator: ", ")
        let known = "; the fields are " + fields.joined(separator: ", ")
        for field in map.sources.keys.sorted() where !fields.contains(field) {
            throw DatasetFault(
                "\(path): the column map names the field \(excerpt(field)), which does not exist" + known)
        }
        var places: [Place?] = []
        for field in fields {
            switch map.sources[field] {
            case .constant(let value):
                places.append(.constant(Array(value.utf8)))
            case .column(let name):
                guard let index = columns.firstIndex(of: name) else {
                    throw DatasetFault(
                        "\(path): the column map takes \(field) from \(excerpt(name)), which is not there" + found)
                }
                places.append(.column(index))
            case nil:
                places.append(columns.firstIndex(of: field).map(Place.column))
            }
            if case .column(let index) = places.last, columns[(index + 1)...].contains(columns[index]) {
                throw DatasetFault("\(path): the column \(excerpt(columns[index])) is there twice" + found)
            }
        }
        let missing = needed.filter { group in
            !group.contains { name in fields.firstIndex(of: name).map { places[$0] != nil } ?? false }
        }
        guard missing.isEmpty else {
            let names = missing.map { $0.joined(separator: " (or ") + ($0.count > 1 ? ")" : "") }.joined(
                separator: ", ")
            let example = "--column \(missing[0][0])=\(columns.first ?? "name")"
            throw DatasetFault("\(path): no column for \(names)" + found + "; name the right one, as in \(example)")
        }
        self.places = places
        self.attributes = try Self.attributes(attributes, columns: columns, path: path, found: found)
        self.columnCount = columns.count
    }
}

extension TableLayout {
    private static func attributes(
        _ names: [String], columns: [String], path: String, found: String
    ) throws(DatasetFault) -> [(name: String, column: Int)] {
        var places: [(name: String, column: Int)] = []
        // The limits are those of an event: better told of the option than of every row.
        var sample: [String: String] = [:]
        for name in names {
            guard let column = columns.firstIndex(of: name), columns.lastIndex(of: name) == column else {
                throw DatasetFault(
                    "\(path): the attribute column \(excerpt(name)) must be there once" + found)
            }
            do { try EventAttributes.add(name, "", to: &sample, path: "the attribute columns") } catch {
                throw DatasetFault("\(path): \(error.detail)")
            }
            places.append((name, column))
        }
        return places
    }
}

/// A row of a table, its cells read as the contract's fields. Every getter throws `RecordFault`, naming the field.
struct TableRow {
    let row: DelimitedReader.Row
    let layout: TableLayout
    let fields: [String]

    /// Refuses a row with fewer or more cells than the header: its cells would stand in the wrong columns.
    init(_ row: DelimitedReader.Row, layout: TableLayout, fields: [String]) throws(RecordFault) {
        guard row.ends.count == layout.columnCount else {
            throw RecordFault(.invalidLength, "the row has \(row.ends.count) fields, the header \(layout.columnCount)")
        }
        self.row = row
        self.layout = layout
        self.fields = fields
    }

    /// The bytes of a field; nil where there is no such column or the cell is empty.
    func cell(_ field: Int) -> ArraySlice<UInt8>? {
        let bytes: ArraySlice<UInt8>? =
            switch layout.places[field] {
            case .column(let index): row.field(index)
            case .constant(let value): value[...]
            case nil: nil
            }
        return bytes?.isEmpty == false ? bytes : nil
    }

    /// The bytes of a field that must be there.
    func required(_ field: Int) throws(RecordFault) -> ArraySlice<UInt8> {
        guard let cell = cell(field) else { throw RecordFault(.missingField, "\(fields[field]) is missing") }
        return cell
    }

    func text(_ field: Int) throws(RecordFault) -> String? {
        guard let cell = cell(field) else { return nil }
        guard let text = String(validating: cell, as: UTF8.self) else {
            throw RecordFault(.invalidUTF8, "\(fields[field]) \(excerpt(cell)) is not UTF-8")
        }
        return text
    }

    /// A string of 1 to 128 bytes.
    func identifier(_ field: Int) throws(RecordFault) -> String? {
        guard let cell = cell(field) else { return nil }
        return try Identifier.read(cell, fields[field])
    }

    /// The cells of the attribute columns, without the empty ones.
    func attributes() throws(RecordFault) -> [String: String] {
        var attributes: [String: String] = [:]
        for (name, column) in layout.attributes {
            let cell = row.field(column)
            guard !cell.isEmpty else { continue }
            guard let text = String(validating: cell, as: UTF8.self) else {
                throw RecordFault(.invalidUTF8, "attributes.\(excerpt(name)) \(excerpt(cell)) is not UTF-8")
            }
            try EventAttributes.add(name, text, to: &attributes)
        }
        return attributes
    }

    /// A decimal number for which `isAllowed`; `rule` says in words which those are.
    func number(_ field: Int, _ rule: StaticString, _ isAllowed: (Double) -> Bool) throws(RecordFault) -> Double? {
        guard let cell = cell(field) else { return nil }
        let isDecimal = cell.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
        }
        guard isDecimal, let number = Double(String(decoding: cell, as: UTF8.self)) else {
            throw RecordFault(.wrongType, "\(fields[field]) must be a number, not \(excerpt(cell))")
        }
        guard number.isFinite, isAllowed(number) else {
            throw RecordFault(.invalidNumber, "\(fields[field]) must be \(rule), not \(excerpt(cell))")
        }
        return number
    }

    /// `true`, `false`, `1` or `0`.
    func boolean(_ field: Int) throws(RecordFault) -> Bool? {
        guard let cell = cell(field) else { return nil }
        switch String(decoding: cell, as: UTF8.self).lowercased() {
        case "true", "1": return true
        case "false", "0": return false
        default: throw RecordFault(.wrongType, "\(fields[field]) must be true, false, 1 or 0, not \(excerpt(cell))")
        }
    }

    /// A time in `format`, from `EventTime.earliest` to `latest`.
    func time(_ field: Int, _ format: TimeFormat, latest: EventTime) throws(RecordFault) -> EventTime {
        let cell = try required(field)
        guard let time = EventTime(cell, format) else {
            let form = format == .automatic ? "a time of a known form" : "of the form \(format.rawValue)"
            throw RecordFault(.invalidTime, "\(fields[field]) \(excerpt(cell)) is not \(form)")
        }
        try time.check(latest: latest)
        return time
    }
}

extension EventTime {
    /// Reads a time written in `format`; nil where it is not.
    init?(_ text: ArraySlice<UInt8>, _ format: TimeFormat) {
        switch format {
        case .rfc3339: self.init(rfc3339: text)
        case .spaced: self.init(spaced: text)
        case .seconds:
            guard let number = Self.number(text), number.whole <= 253_402_300_799 else { return nil }
            self.init(milliseconds: number.whole * 1_000 + number.thousandths)
        case .milliseconds:
            guard let number = Self.number(text), number.whole <= EventTime.latest.rawValue else { return nil }
            self.init(milliseconds: number.whole)
        case .automatic:
            if let number = Self.number(text) {
                self.init(text, number.whole < EventTime.earliest.rawValue ? .seconds : .milliseconds)
            } else {
                self.init(text, text.dropFirst(10).first == UInt8(ascii: " ") ? .spaced : .rfc3339)
            }
        }
    }

    /// A number of at most 15 digits, with or without a fraction, which is cut to thousandths.
    private static func number(_ text: ArraySlice<UInt8>) -> (whole: Int64, thousandths: Int64)? {
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = digits(parts[0]), parts.count == 1 || digits(parts[1]) != nil else { return nil }
        guard parts.count == 2 else { return (whole, 0) }
        return (whole, digits((Array(parts[1]) + Array("00".utf8)).prefix(3)) ?? 0)
    }

    private static func digits(_ text: ArraySlice<UInt8>) -> Int64? {
        guard (1...15).contains(text.count) else { return nil }
        var value: Int64 = 0
        for byte in text {
            guard case let digit = byte &- UInt8(ascii: "0"), digit < 10 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return value
    }
}
