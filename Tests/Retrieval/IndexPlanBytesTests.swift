import Bytes
import Retrieval
import Testing

/// The form in which files keep a plan.
struct IndexPlanBytesTests {
    private let purpose = IndexPlan.Purpose(model: "m1", recall: 0.98, k: 20)
    private let plan = IndexPlan.flat(dimension: 5, items: 77)
    /// Lists in regions, as large catalogues have them.
    private let large = IndexPlan(
        partition: .ofTests(dimension: 3, lists: 12, regions: 4),
        breadth: .init(regions: 24, lists: 4, slack: 0.5),
        filteredBreadth: .init(regions: 32, lists: 6, slack: 0.75), recall: 0.98, looks: 6.5, items: 77)

    @Test func aPlanComesBack() throws {
        let read = try #require(try IndexPlan(bytes: plan.bytes(for: purpose), for: purpose))
        #expect(read.index.version == plan.index.version && read.index.dimension == 5)
        #expect(read.breadth == plan.breadth && read.filteredBreadth == plan.filteredBreadth)
        #expect(read.recall == 1 && read.looks == 1 && read.items == 77)
        #expect(read.partition.version == plan.partition.version)
    }

    @Test func regionsComeBack() throws {
        let read = try #require(try IndexPlan(bytes: large.bytes(for: purpose), for: purpose))
        #expect(read.index.version == large.index.version && read.partition.lists == large.partition.lists)
        #expect(read.partition.regionCount == large.partition.regionCount && large.partition.regionCount > 1)
        #expect(read.breadth == large.breadth && read.filteredBreadth == large.filteredBreadth)
        #expect(read.looks == 6.5 && read.items == 77)
        var generator = Generator(state: 48)
        let vectors = (0..<500).flatMap { _ in generator.vector(3) }
        #expect(read.partition.lists(of: vectors.span) == large.partition.lists(of: vectors.span))
    }

    @Test(arguments: [
        IndexPlan.Purpose(model: "m2", recall: 0.98, k: 20), .init(model: "m1", recall: 0.981, k: 20),
        .init(model: "m1", recall: 0.98, k: 21),
    ])
    func whatWasMadeForSomethingElseIsNone(other: IndexPlan.Purpose) throws {
        #expect(try IndexPlan(bytes: plan.bytes(for: purpose), for: other) == nil)
    }

    /// Every byte, every length: an error or nothing, never a plan and never a trap.
    @Test func damagedBytesAreRefused() {
        for bytes in [plan.bytes(for: purpose), large.bytes(for: purpose)] {
            for place in bytes.indices {
                for change in [1, 0x80, 0xff] as [UInt8] {
                    var damaged = bytes
                    damaged[place] ^= change
                    #expect(isNone(damaged))
                }
                #expect(isRefused(Array(bytes[..<place])))
            }
            #expect(isRefused(bytes + [0]))
        }
    }

    /// With a checksum that is right, as something else than this program may write it.
    @Test func numbersThatNoPlanHasAreRefused() throws {
        var bytes = plan.bytes(for: purpose)
        // From the end: checksum, items (a byte), looks, recall, and of either breadth slack, lists and regions (a byte each), the
        // filtered one's first; lists of the region (a byte).
        let (looks, recall, slacks) = (bytes.count - 13, bytes.count - 21, [bytes.count - 31, bytes.count - 25])
        func isRefused(_ place: Int, _ value: [UInt8]) -> Bool {
            var other = bytes
            other.replaceSubrange(place..<place + value.count, with: value)
            let sum = CRC32.checksum(Array(other.dropLast(4)))
            return self.isRefused(other.dropLast(4) + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) })
        }
        func single(_ value: Float) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
        func double(_ value: Double) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
        #expect(!isRefused(recall, double(0.5)))
        for slack in slacks {
            #expect(
                !isRefused(slack, single(.infinity)) && isRefused(slack, single(1)),
                "one of two that look into all lists")
            for value in [-1, 4.5, 1e30, .nan] as [Float] { #expect(isRefused(slack, single(value))) }
            #expect(isRefused(slack - 1, [0]) && isRefused(slack - 2, [0]), "nothing to begin with")
            #expect(!isRefused(slack - 1, [4]) && !isRefused(slack - 2, [24]))
        }
        for value in [-0.1, 1.1, .nan] as [Double] { #expect(isRefused(recall, double(value))) }
        for value in [-1, .infinity, .nan] as [Double] { #expect(isRefused(looks, double(value))) }
        #expect(isRefused(slacks[0] - 3, [0]) && isRefused(slacks[0] - 3, [2]), "lists of a region")
        #expect(isRefused(slacks[0] - 7, single(.nan)) && isRefused(slacks[0] - 7, single(-1)), "a radius")
        #expect(isRefused(slacks[0] - 11, single(.infinity)), "a centroid")
        bytes = large.bytes(for: purpose)
        let last = bytes.count - 34
        #expect(!isRefused(last, [bytes[last]]) && isRefused(last, [bytes[last] + 1]), "more lists than there are")
        // The first region's first coordinate stands after the form, the model, recall, K, the dimension and the count.
        let region = 1 + "breadcrumb index plan 7".utf8.count + 1 + purpose.model.utf8.count + 8 + 3
        #expect(!isRefused(region, Array(bytes[region..<region + 4])) && isRefused(region, single(.infinity)))
    }

    /// Refused with a reason.
    private func isRefused(_ bytes: [UInt8]) -> Bool {
        do {
            _ = try IndexPlan(bytes: bytes, for: purpose)
            return false
        } catch {
            return true
        }
    }

    /// Refused, or taken for one of another form.
    private func isNone(_ bytes: [UInt8]) -> Bool {
        do {
            return try IndexPlan(bytes: bytes, for: purpose) == nil
        } catch {
            return true
        }
    }
}
