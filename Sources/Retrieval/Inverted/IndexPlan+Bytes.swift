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
    private static let form = "breadcrumb index plan 7"

    /// More regions or lists than any plan begins with.
    private static let mostFirst = 1000

    private static func isPossible(_ breadth: SearchBreadth) -> Bool {
        (1...mostFirst).contains(breadth.regions) && (1...mostFirst).contains(breadth.lists)
            && (breadth.isExhaustive || (0...BreadthTuning.mostSlack).contains(breadth.slack))
    }

    /// The plan in a form for files, which ends with a checksum.
    public func bytes(for purpose: Purpose) -> [UInt8] {
        var writer = ByteWriter(
            reserving: 4 * (partition.lists + partition.regions.count) * (partition.dimension + 2) + 256)
        writer.string(Self.form)
        writer.string(purpose.model)
        writer.double(purpose.recall)
        writer.count(purpose.k)
        writer.count(partition.dimension)
        for centroids in [partition.regions, partition.centroids] {
            writer.count(centroids.count)
            for number in 0..<centroids.count {
                centroids.with(number) { writer.floats(UnsafeBufferPointer(rebasing: $0[..<centroids.dimension])) }
            }
            writer.floats(centroids.radii)
        }
        for region in 0..<partition.regions.count { writer.count(partition.lists(ofRegion: region).count) }
        for breadth in [breadth, filteredBreadth] {
            writer.count(breadth.regions)
            writer.count(breadth.lists)
            writer.float(breadth.slack)
        }
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
        func centroids() throws(ByteReaderError) -> (values: [Float], radii: [Float]) {
            let count = try reader.count(ofSize: 4 * max(1, dimension))
            return (try reader.floats(count * dimension), try reader.floats(count))
        }
        let (regions, lists) = (try centroids(), try centroids())
        var listsOfRegions: [Int] = []
        for _ in regions.radii { listsOfRegions.append(Int(clamping: try reader.varint())) }
        func readBreadth() throws(ByteReaderError) -> SearchBreadth {
            SearchBreadth(
                regions: Int(clamping: try reader.varint()), lists: Int(clamping: try reader.varint()),
                slack: try reader.float())
        }
        (breadth, filteredBreadth) = (try readBreadth(), try readBreadth())
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
        guard dimension > 0, !lists.radii.isEmpty,
            listsOfRegions.allSatisfy({ $0 > 0 && $0 <= lists.radii.count }),
            listsOfRegions.reduce(0, +) == lists.radii.count,
            (regions.values + lists.values).allSatisfy({ $0.magnitude <= limit }),
            (regions.radii + lists.radii).allSatisfy({ $0 >= 0 && $0 <= limit }),
            [breadth, filteredBreadth].allSatisfy(Self.isPossible),
            breadth.isExhaustive == filteredBreadth.isExhaustive,
            recall >= 0, recall <= 1, looks >= 0, looks.isFinite, items <= Int(Int32.max)
        else { throw ByteReaderError(offset: end, problem: "numbers that no plan has") }
        guard found == purpose else { return nil }
        partition = Partition(
            Centroids(lists.values, radii: lists.radii, dimension: dimension),
            regions: Centroids(regions.values, radii: regions.radii, dimension: dimension),
            listsOfRegions: listsOfRegions)
    }
}
