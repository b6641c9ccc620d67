import Bytes
import CCsv
import Commerce

/// Reads the rows of a CSV or TSV file with libcsv, line by line so that every row knows where it began.
///
/// A quote inside an unquoted field is an ordinary character, blank lines are passed over, and a quoted field may run over
/// several lines (its line ends become `\n`).
final class DelimitedReader {
    /// The fields of a row, one after another.
    struct Row {
        /// The line on which the row begins; 1 is first.
        var line: Int
        /// The fields' bytes without anything between them.
        var bytes: [UInt8]
        /// Where each field ends in `bytes`.
        var ends: [Int]

        /// The bytes of a field.
        func field(_ index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }
    }

    /// What libcsv's callbacks fill.
    private final class Collector {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        var isComplete = false
    }

    private let lines: LineReader
    private let maximumRow: Int
    private let format: DatasetFormat
    private var parser = csv_parser()
    private let collector = Collector()
    /// The first line of the row that `next` returned or refused last.
    private(set) var excerpt: [UInt8] = []

    /// Reads `lines` in `format` (`.csv` or `.tsv`); a row of more than `maximumRow` bytes is refused.
    init(_ lines: LineReader, format: DatasetFormat, maximumRow: Int) throws(DatasetFault) {
        self.lines = lines
        self.format = format
        self.maximumRow = maximumRow
        try reset()
    }

    deinit { csv_free(&parser) }

    /// The next row; nil at the end of the file.
    func next() throws -> Result<Row, RowFault>? {
        collector.bytes.removeAll(keepingCapacity: true)
        collector.ends.removeAll(keepingCapacity: true)
        collector.isComplete = false
        var first: Int?
        var size = 0
        while let line = try lines.next() {
            if first == nil {
                if line.bytes.isEmpty && !line.isCut { continue }
                excerpt = line.bytes
                if line.number == 1, excerpt.starts(with: [0xef, 0xbb, 0xbf]) { excerpt.removeFirst(3) }
                first = line.number
            }
            let start = first ?? line.number
            size += line.bytes.count + 1
            guard !line.isCut, size <= maximumRow else {
                try reset()
                return .failure(tooLarge(from: start, to: line.number))
            }
            try feed(line.number == start ? excerpt : line.bytes)
            if collector.isComplete { return .success(Row(line: start, bytes: collector.bytes, ends: collector.ends)) }
        }
        guard let first else { return nil }
        try reset()
        return .failure(
            RowFault(line: first, RecordFault(.invalidLength, "a quoted field begins here and has no end in the file"), excerpt))
    }

    private func tooLarge(from first: Int, to last: Int) -> RowFault {
        let detail =
            first == last
            ? "the row has more than the \(maximumRow) bytes allowed"
            : "the row runs over lines \(first) to \(last) and more than the \(maximumRow) bytes allowed: is a quote left open?"
        return RowFault(line: first, RecordFault(.payloadTooLarge, detail), excerpt)
    }

    /// Gives one line, and its end, to libcsv.
    private func feed(_ line: [UInt8]) throws(DatasetFault) {
        let context = Unmanaged.passUnretained(collector).toOpaque()
        let end: [UInt8] = [0x0a]
        for part in [line, end] where !part.isEmpty {
            let count = part.withUnsafeBytes { csv_parse(&parser, $0.baseAddress, $0.count, Self.endField, Self.endRow, context) }
            guard count == part.count else { throw DatasetFault("no memory to read a row of a CSV file") }
        }
    }

    /// Starts libcsv afresh, whatever it was in the midst of.
    private func reset() throws(DatasetFault) {
        csv_free(&parser)
        guard csv_init(&parser, 0) == 0 else { throw DatasetFault("no memory to read a CSV file") }
        csv_set_delim(&parser, UInt8(format == .tsv ? CSV_TAB : CSV_COMMA))
        if format == .tsv { csv_set_quote(&parser, 0) }
        csv_set_space_func(&parser) { _ in 0 }  // blanks belong to their field
    }

    private static let endField: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutableRawPointer?) -> Void = {
        guard let context = $2 else { return }
        let collector = Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
        collector.bytes.append(contentsOf: UnsafeRawBufferPointer(start: $0, count: $1))
        collector.ends.append(collector.bytes.count)
    }

    private static let endRow: @convention(c) (Int32, UnsafeMutableRawPointer?) -> Void = {
        guard let context = $1 else { return }
        Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue().isComplete = true
    }
}
