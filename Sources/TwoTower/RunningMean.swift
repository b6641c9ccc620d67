/// The memory of the mean tower, one event at a time: h_t = h_{t-1} + (c_t - h_{t-1}) / t, the
/// mean of all inputs c so far.
///
/// Serving and training share the arithmetic: equal inputs give equal bits.
enum RunningMean {
    /// Writes the mean [d] after the `number`th input, of the mean before it and the input; they may lie in one place.
    static func advance(
        _ mean: UnsafePointer<Float>, by input: UnsafePointer<Float>, number: Float, dimension: Int,
        into result: UnsafeMutablePointer<Float>
    ) {
        let share = 1 / number
        for i in 0..<dimension { result[i] = mean[i] + (input[i] - mean[i]) * share }
    }

    /// Replaces the inputs [positions, d] of packed sequences by their means up to each position.
    static func forward(_ sequences: PackedSequences, _ rows: UnsafeMutablePointer<Float>, dimension d: Int) {
        for sequence in 0..<sequences.starts.count - 1 {
            let range = sequences.starts[sequence]..<sequences.starts[sequence + 1]
            for position in range.dropFirst() {
                let row = rows + position * d
                advance(row - d, by: row, number: Float(position - range.lowerBound + 1), dimension: d, into: row)
            }
        }
    }

    /// Replaces the gradients of the means [positions, d] by those of the inputs: an input has its share of every later mean.
    static func backward(_ sequences: PackedSequences, _ gradients: UnsafeMutablePointer<Float>, dimension d: Int) {
        for sequence in 0..<sequences.starts.count - 1 {
            let range = sequences.starts[sequence]..<sequences.starts[sequence + 1]
            for position in range.reversed() {
                let row = gradients + position * d
                let share = 1 / Float(position - range.lowerBound + 1)
                for i in 0..<d {
                    let total = row[i]
                    row[i] = total * share
                    if position > range.lowerBound { row[i - d] += total - row[i] }
                }
            }
        }
    }
}
