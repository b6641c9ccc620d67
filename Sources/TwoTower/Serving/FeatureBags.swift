import Bytes
import Commerce

/// The features of a number of items, as the item tower takes them: bags of tokens one after the other, and supplied vectors.
package struct FeatureBags: Sendable {
    /// Item i's field f has `rows[starts[fields · i + f]..<starts[fields · i + f + 1]]`.
    private var starts: [Int] = [0]
    private var rows: [Int32] = []
    /// By column of the shape.
    package let vectors: [SuppliedVectors]

    private static let fields = ItemField.allCases.count

    /// The bags of items 0, 1, …, and per column their vectors.
    package init(_ bags: [ItemBag], vectors: [SuppliedVectors] = []) {
        self.vectors = vectors
        starts.reserveCapacity(bags.count * Self.fields + 1)
        for bag in bags {
            for field in bag.fields {
                rows += field
                starts.append(rows.count)
            }
        }
    }

    /// The features of `records`; nil stands for an item without a record.
    ///
    /// - Throws: `FeatureFault` where a vector does not fit its column.
    package init(
        _ records: [CatalogueItem?], vocabulary: FeatureVocabulary, columns: [VectorColumn]
    ) throws(FeatureFault) {
        var vectors: [SuppliedVectors] = []
        for column in columns { vectors.append(try SuppliedVectors(column, of: records)) }
        self.init(records.map { $0.map(vocabulary.bag) ?? .empty }, vectors: vectors)
    }

    /// Token rows of an item.
    func withFields<Result>(of item: Int, _ body: (FieldRows) -> Result) -> Result {
        starts.withUnsafeBufferPointer { starts in
            rows.withUnsafeBufferPointer { rows in
                let first = Self.fields * item
                return body(
                    FieldRows(
                        rows: rows, starts: UnsafeBufferPointer(rebasing: starts[first..<first + Self.fields + 1])))
            }
        }
    }

    /// Whether nothing but its identifier is known of an item.
    package func isEmpty(_ item: Int) -> Bool {
        starts[Self.fields * item] == starts[Self.fields * (item + 1)]
            && !vectors.contains { $0.pointer(of: item) != nil }
    }

    /// Writes all of it, so that a digest can tell two apart.
    func write(to writer: inout ByteWriter) {
        for start in starts { writer.integer(start) }
        for row in rows { writer.integer(row) }
        for column in vectors { column.write(to: &writer) }
    }
}
