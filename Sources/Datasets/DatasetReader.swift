import Bytes
import Commerce

/// A row of a file that is refused: where, why, and how it begins.
public struct RowFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line on which the row begins; 1 is first.
    public var line: Int
    public var fault: RecordFault
    /// The row's first line, cut to 64 characters, fit for a log.
    public var excerpt: String

    init(line: Int, _ fault: RecordFault, _ content: [UInt8]) {
        self.line = line
        self.fault = fault
        self.excerpt = Commerce.excerpt(content)
    }

    public var description: String { "line \(line): \(fault): \(excerpt)" }
}

/// Reads events or items from a file, row by row, in bounded memory.
///
/// CSV and TSV with a header, JSON lines in the contract's form, each also gzip-packed. A bad row is a fault and the reading
/// goes on; a broken file (truncated gzip, say) is an error and ends it. Not for use by several threads.
public final class DatasetReader<Record> {
    private let lines: LineReader
    private let readRow: () throws -> (line: Int, row: Result<Record, RowFault>)?
    /// The number of rows given out, good and bad, the header not counted.
    public private(set) var rows = 0
    /// The line on which the row given out last begins; 0 before the first.
    public private(set) var line = 0

    /// The size of the file on the disk in bytes.
    public var size: Int { lines.size }

    /// How much of the file on the disk has been taken in, in bytes: for progress bars.
    public var position: Int { lines.position }

    /// The next row; nil at the end of the file.
    /// - Throws: `FileFault` where the file cannot be read on.
    public func next() throws -> Result<Record, RowFault>? {
        guard let (line, row) = try readRow() else { return nil }
        rows += 1
        self.line = line
        return row
    }

    /// Hands every row that is left to `body`, in order.
    /// - Throws: `FileFault`, and what `body` throws.
    public func readAll(_ body: (Result<Record, RowFault>) throws -> Void) throws {
        while let row = try next() { try body(row) }
    }

    init(path: String, options: DatasetOptions, form: RecordForm<Record>) throws {
        let format = if let format = options.format { format } else { try DatasetFormat(path: path) }
        let lines = try LineReader(path: path, maximumLength: options.maximumRow)
        self.lines = lines
        switch format {
        case .jsonLines: readRow = Self.jsonRows(lines, options, form)
        case .csv, .tsv: readRow = try Self.tableRows(lines, path, format, options, form)
        }
    }

    private static func jsonRows(
        _ lines: LineReader, _ options: DatasetOptions, _ form: RecordForm<Record>
    ) -> () throws -> (line: Int, row: Result<Record, RowFault>)? {
        let decode = form.lines(options)
        return {
            while let line = try lines.next() {
                if line.bytes.isEmpty && !line.isCut { continue }
                do throws(RecordFault) {
                    guard !line.isCut else {
                        throw RecordFault(
                            .payloadTooLarge, "the line has more than the \(options.maximumRow) bytes allowed")
                    }
                    return (line.number, .success(try decode(line.bytes)))
                } catch {
                    return (line.number, .failure(RowFault(line: line.number, error, line.bytes)))
                }
            }
            return nil
        }
    }

    private static func tableRows(
        _ lines: LineReader, _ path: String, _ format: DatasetFormat, _ options: DatasetOptions,
        _ form: RecordForm<Record>
    ) throws -> () throws -> (line: Int, row: Result<Record, RowFault>)? {
        let table = try DelimitedReader(lines, format: format, maximumRow: options.maximumRow)
        guard let header = try table.next() else {
            throw DatasetFault("\(path): the file is empty; its first line must name the columns")
        }
        guard case .success(let header) = header else {
            throw DatasetFault("\(path): the first line cannot be read as a header")
        }
        let layout = try TableLayout(
            fields: form.fields, needed: form.needed, attributes: options.attributes, header: header,
            map: options.columns, path: path)
        return {
            switch try table.next() {
            case nil: return nil
            case .failure(let fault): return (fault.line, .failure(fault))
            case .success(let row):
                do throws(RecordFault) {
                    let cells = try TableRow(row, layout: layout, fields: form.fields)
                    return (row.line, .success(try form.row(cells, options)))
                } catch {
                    return (row.line, .failure(RowFault(line: row.line, error, table.excerpt)))
                }
            }
        }
    }
}

extension DatasetReader<Event> {
    /// Opens a file of events.
    /// - Throws: `FileFault` where it cannot be read, `DatasetFault` where its form or columns are not those needed.
    public static func events(path: String, options: DatasetOptions = DatasetOptions()) throws -> DatasetReader {
        try DatasetReader(path: path, options: options, form: .event)
    }
}

extension DatasetReader<CatalogueItem> {
    /// Opens a file of catalogue items.
    /// - Throws: `FileFault` where it cannot be read, `DatasetFault` where its form or columns are not those needed.
    public static func catalogue(path: String, options: DatasetOptions = DatasetOptions()) throws -> DatasetReader {
        try DatasetReader(path: path, options: options, form: .catalogueItem)
    }
}
