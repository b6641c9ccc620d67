import Datasets

/// A file of a shop's events or items, and how it is to be read.
public struct InputTable: Equatable, Sendable {
    /// The file; `.csv`, `.tsv` or `.jsonl`, each also `.gz`, unless the options name a format.
    public var path: String
    /// Columns, times, limits.
    public var options: DatasetOptions

    /// Names a file; nothing is read yet.
    public init(path: String, options: DatasetOptions = DatasetOptions()) {
        self.path = path
        self.options = options
    }

    /// How far the reading of a file has come.
    public struct Progress: Sendable {
        public var path: String
        /// Bytes of the file on the disk that have been taken in, of `size`.
        public var bytes: Int
        /// Bytes of the file.
        public var size: Int
        /// Rows so far, refused ones included.
        public var rows: Int
    }

    /// Hands every sound row and its line (1 is first) to `body`, every bad one to `refuse`, in the file's order.
    ///
    /// - Parameters:
    ///   - open: `DatasetReader.events` or `.catalogue`.
    ///   - rows: how many there are between two reports of progress; the end is reported too.
    /// - Throws: `FileFault`, `DatasetFault`, and what the closures throw.
    func read<Record>(
        _ open: (_ path: String, _ options: DatasetOptions) throws -> DatasetReader<Record>,
        every rows: Int = 1024, progress: (Progress) -> Void = { _ in }, refuse: (RowFault) throws -> Void,
        body: (_ line: Int, Record) throws -> Void
    ) throws {
        let reader = try open(path, options)
        func report() {
            progress(Progress(path: path, bytes: reader.position, size: reader.size, rows: reader.rows))
        }
        while let row = try reader.next() {
            switch row {
            case .success(let record): try body(reader.line, record)
            case .failure(let fault): try refuse(fault)
            }
            if reader.rows % rows == 0 { report() }
        }
        report()
    }
}
