import Bytes
import Commerce
import LinearAlgebra

/// Why an item's features cannot be used: one sentence with the item, the place and the remedy.
public struct FeatureFault: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// The vectors of one supplied column for a number of items, at unit length, as the item tower takes them.
package struct SuppliedVectors: Sendable {
    /// Components of a vector.
    package let width: Int
    /// Item to row of `values`; -1 for an item without a vector.
    private let rows: [Int32]
    /// [items with a vector, width]
    private let values: FloatBuffer

    /// The column's vectors of `records`; nil stands for an item without a record. A vector of zeros is as good as none.
    ///
    /// - Throws: `FeatureFault` where a vector has another width than the column, or a component that is not finite.
    package init(_ column: VectorColumn, of records: [CatalogueItem?]) throws(FeatureFault) {
        width = column.width
        var lengths = [Double](repeating: 0, count: records.count)
        for (index, record) in records.enumerated() {
            if let record { lengths[index] = try Self.length(of: record, column) }
        }
        values = FloatBuffer(count: lengths.count { $0 > 0 } * width)
        var rows = [Int32](repeating: -1, count: records.count)
        var next: Int32 = 0
        for (index, record) in records.enumerated() where lengths[index] > 0 {
            let target = values.pointer + Int(next) * width
            for (place, value) in (record?.vectors[column.name] ?? []).enumerated() {
                target[place] = Float(Double(value) / lengths[index])
            }
            rows[index] = next
            next += 1
        }
        self.rows = rows
    }

    /// The Euclidean length of the record's vector; 0 if it has none.
    private static func length(of record: CatalogueItem, _ column: VectorColumn) throws(FeatureFault) -> Double {
        guard let vector = record.vectors[column.name] else { return 0 }
        let place = "item \(excerpt(record.item.rawValue)): the vector \(excerpt(column.name))"
        guard vector.count == column.width else {
            throw FeatureFault(
                "\(place) has \(vector.count) components, the column has \(column.width); supply all of a column by one model"
            )
        }
        // Squares of singles neither overflow nor vanish in double precision; one order of additions everywhere.
        var square = 0.0
        for value in vector { square += Double(value) * Double(value) }
        guard square.isFinite else {
            throw FeatureFault(
                "\(place) has a component that is no finite number; correct it, or leave the vector out of the record")
        }
        return square.squareRoot()
    }

    /// The unit vector [width] of an item, or nil. Valid while this value lives.
    func pointer(of item: Int) -> UnsafePointer<Float>? {
        rows[item] < 0 ? nil : UnsafePointer(values.pointer + Int(rows[item]) * width)
    }

    /// Writes all of it, so that a digest can tell two apart.
    func write(to writer: inout ByteWriter) {
        for row in rows { writer.integer(row) }
        writer.floats(values.values)
    }
}
