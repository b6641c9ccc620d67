import CKernels

/// Scans of 8-bit codes, and what an exact search makes of them.
extension Kernels {
    /// A user of a scan: what goes in, and where the result goes. `CKernels.h` says what each field holds.
    public typealias ScanUser = bc_scan_user

    /// What 8-bit codes say of a query. `CKernels.h` says what each field holds.
    public typealias QueryCode = bc_query_code

    /// Rounds a query of `width` finite floats, a multiple of 16, to as many codes.
    @inline(__always) public static func encode(
        _ query: UnsafePointer<Float>, width: Int, into codes: UnsafeMutablePointer<Int8>
    ) -> QueryCode {
        bc_encode_query(codes, query, width)
    }

    /// Bytes of a tile of 16 rows of `width` codes: the rows' scales, then the codes [width / 4, 16, 4].
    @inlinable @inline(__always) public static func tileBytes(width: Int) -> Int { 64 + 16 * width }

    /// Where in the tiles a code of a row stands.
    @inlinable @inline(__always) public static func codePosition(row: Int, _ i: Int, width: Int) -> Int {
        row / 16 * tileBytes(width: width) + 64 + i / 4 * 64 + row % 16 * 4 + i % 4
    }

    /// Where in the tiles the four bytes of a row's scale stand.
    @inlinable @inline(__always) public static func scalePosition(row: Int, width: Int) -> Int {
        row / 16 * tileBytes(width: width) + row % 16 * 4
    }

    /// Upper bounds of the scores of all rows for each user, and the largest of each group of rows.
    ///
    /// - Parameters:
    ///   - codes: of 16 · `tiles` rows, tile after tile.
    @inline(__always) public static func scanBounds(
        _ codes: UnsafePointer<UInt8>, tiles: Int, width: Int, for users: UnsafePointer<ScanUser>, count: Int
    ) {
        bc_scan_bounds(users, count, codes, tiles, width)
    }

    /// Appends to each user's hits the rows that may reach the user's threshold; parameters as for `scanBounds`.
    @inline(__always) public static func scanHits(
        _ codes: UnsafePointer<UInt8>, tiles: Int, width: Int, for users: UnsafeMutablePointer<ScanUser>, count: Int
    ) {
        bc_scan_hits(users, count, codes, tiles, width)
    }

    /// Asks for the cache line at an address that will be read soon.
    @inlinable @inline(__always) public static func prefetch(_ address: UnsafeRawPointer) { bc_prefetch(address) }

    /// Asks for so many bytes, kilobytes of them, that will be read when what is at hand is done: they come to the second-level cache.
    @inlinable @inline(__always) public static func prefetchFar(_ start: UnsafeRawPointer, bytes: Int) {
        bc_prefetch_far(start, bytes)
    }

    /// Asks for all cache lines of so many numbers.
    @inlinable @inline(__always)
    public static func prefetch<Number>(_ numbers: UnsafePointer<Number>, count: Int) {
        let start = UnsafeRawPointer(numbers)
        for byte in Swift.stride(from: 0, to: count * MemoryLayout<Number>.stride, by: 64) { bc_prefetch(start + byte) }
    }

    /// The canonical dot product of two rows of `width` floats, a multiple of 16.
    @inline(__always) public static func dot(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, width: Int
    ) -> Float {
        bc_dot(a, b, width)
    }

    /// Canonical dot products of one row with many that lie anywhere; all of `width` floats, a multiple of 16.
    @inline(__always) public static func dot(
        _ query: UnsafePointer<Float>, rows: UnsafeBufferPointer<UnsafePointer<Float>?>, width: Int,
        into scores: UnsafeMutablePointer<Float>
    ) {
        bc_dot_rows(scores, query, rows.baseAddress, rows.count, width)
    }

    /// The k-th largest of some numbers, minus infinity among them or not; k from 1 to `values.count`.
    public static func largest(_ k: Int, of values: UnsafeBufferPointer<Float>) -> Float {
        precondition(k >= 1 && k <= values.count, "number \(k) of \(values.count)")
        return bc_kth_largest(values.baseAddress, values.count, k)
    }

    /// The places of some dozen numbers from the largest to the smallest, equal ones as they stand.
    ///
    /// - Parameter order: room for `values.count`.
    public static func rank(_ values: UnsafeBufferPointer<Float>, into order: UnsafeMutablePointer<UInt32>) {
        bc_rank(order, values.baseAddress, values.count)
    }
}
