import Bytes
import LinearAlgebra

extension IndexPlan {
    /// What a plan was made for: equal ones have equal plans.
    public struct Purpose: Equatable, Sendable {
        /// Version of the checkpoint whose items and shoppers it was made of.
        public let model: String
        /// The recall that was asked for.
        public let recall: Double
        /// Length of the lists.
        public let k: Int

        /// - Parameters: as `IndexPlan.make` takes them, and the checkpoint's version.
        public init(model: String, recall: Double, k: Int) {
            self.model = model
            self.recall = recall
            self.k = k
        }
    }

    /// What the form is called, and its version. Whatever makes other plans of the same checkpoint changes it too.
    private static let form = "breadcrumb index plan 4"

    /// The plan in a form for files, which ends with a checksum.
    public func bytes(for purpose: Purpose) -> [UInt8] {
        var writer = ByteWriter(reserving: 4 * partition.lists * (partition.dimension + 1) + 256)
        writer.string(Self.form)
        writer.string(purpose.model)
        writer.double(purpose.recall)
        writer.count(purpose.k)
        writer.count(partition.dimension)
        writer.count(partition.lists)
        for list in 0..<partition.lists {
            partition.withCentroid(list) { writer.floats(UnsafeBufferPointer(rebasing: $0[..<partition.dimension])) }
        }
        writer.floats(partition.radii)
        writer.float(slack)
        writer.float(filteredSlack)
        writer.double(recall)
        writer.double(looks)
        writer.count(items)
        let written = writer.bytes
        writer.integer(CRC32.checksum(written))
        return writer.bytes
    }

    /// The plan that `bytes(for:)` wrote; nil where it was made for something else, or by another version of the form.
    ///
    /// - Throws: `ByteReaderError` for bytes that are none of a plan.
    public init?(bytes: [UInt8], for purpose: Purpose) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        guard try reader.string() == Self.form else { return nil }
        let found = Purpose(
            model: try reader.string(), recall: try reader.double(), k: Int(clamping: try reader.varint()))
        let dimension = try reader.count()
        let lists = try reader.count(ofSize: 4 * max(1, dimension))
        let centroids = try reader.floats(lists * dimension)
        let radii = try reader.floats(lists)
        slack = try reader.float()
        filteredSlack = try reader.float()
        recall = try reader.double()
        looks = try reader.double()
        items = Int(clamping: try reader.varint())
        let end = reader.position
        let sum = try reader.integer(as: UInt32.self)
        try reader.end()
        guard sum == bytes.withUnsafeBytes({ CRC32.checksum(UnsafeRawBufferPointer(rebasing: $0[..<end])) }) else {
            throw ByteReaderError(offset: end, problem: "the checksum is another: the plan is damaged")
        }
        let limit = RetrievalError.largestCoordinate
        guard dimension > 0, lists > 0, centroids.allSatisfy({ $0.magnitude <= limit }),
            radii.allSatisfy({ $0 >= 0 && $0 <= limit }),
            [slack, filteredSlack].allSatisfy({ $0 >= 0 && ($0 <= Self.mostSlack || $0 == .infinity) }),
            slack.isFinite == filteredSlack.isFinite,
            recall >= 0, recall <= 1, looks >= 0, looks.isFinite, items <= Int(Int32.max)
        else { throw ByteReaderError(offset: end, problem: "numbers that no plan has") }
        guard found == purpose else { return nil }
        partition = Partition(centroids: centroids, radii: radii, dimension: dimension)
    }
}
