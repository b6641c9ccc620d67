import Commerce
import LinearAlgebra

/// What became of a catalogue record's vector.
public enum CatalogueVector: Equatable, Sendable {
    /// It was written.
    case vector
    /// Nothing that the model knows describes the item; zeros were written.
    case featureless
    /// A supplied vector does not fit its column; zeros were written.
    case refused(FeatureFault)
}

extension Model {
    /// Writes the unit vectors [items.count, d] of catalogue records for the index, on all cores; see `outputVector`.
    ///
    /// Beyond arguments and result it needs memory for one record per core, so a million records take as much as a thousand.
    /// - Returns: for each record what became of it.
    public func outputVectors(
        of items: [CatalogueItem], into vectors: UnsafeMutableBufferPointer<Float>
    ) -> [CatalogueVector] {
        precondition(vectors.count >= items.count * dimension, "\(items.count) vectors of \(dimension) floats")
        let outcomes = Outcomes(count: items.count, vectors: vectors)
        @Sendable func encode(_ range: Range<Int>) {
            for index in range {
                let row = UnsafeMutableBufferPointer(
                    rebasing: outcomes.vectors[index * dimension..<(index + 1) * dimension])
                do throws(FeatureFault) {
                    outcomes.values[index] = try outputVector(of: items[index], into: row) ? .vector : .featureless
                } catch {
                    row.update(repeating: 0)
                    outcomes.values[index] = .refused(error)
                }
            }
        }
        // Few are done before another thread has woken up.
        if items.count < 16 {
            encode(0..<items.count)
        } else {
            Parallel.ranges(of: items.count) { _, range in encode(range) }
        }
        return Array(outcomes.values)
    }
}

/// The results of one parallel loop.
private final class Outcomes: @unchecked Sendable {
    // Unchecked: each thread writes elements and rows of its own.
    let values: UnsafeMutableBufferPointer<CatalogueVector>
    let vectors: UnsafeMutableBufferPointer<Float>

    init(count: Int, vectors: UnsafeMutableBufferPointer<Float>) {
        values = .allocate(capacity: count)
        values.initialize(repeating: .featureless)
        self.vectors = vectors
    }

    deinit {
        values.deinitialize()
        values.deallocate()
    }
}
