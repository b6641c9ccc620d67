import LinearAlgebra

/// A vector's difference from an origin as 8-bit codes, in a tile of 16 rows that a scan takes.
///
/// A code c of coordinate i stands for origin[i] + scale · (c - 128), with a scale of the row's own: the vectors of a list lie at very
/// different distances from its centroid, and a common scale would be that of the farthest.
struct CodedRow {
    private let scale: Float
    /// The length of what the codes stand for, in units of the scale; at least what they are.
    let reach: Float
    /// That of what they leave out, likewise.
    let error: Float
    /// The distance from the origin; at least what it is.
    var distance: Float { ((reach + error) * scale).nextUp }

    /// Distances shorter than this in all coordinates are coded in units of it: smaller ones would have no inverse.
    private static let least: Float = 0x1p-100

    /// Writes a vector's codes and their scale.
    ///
    /// - Parameters:
    ///   - vector: as many floats as the origin.
    ///   - row: its place in the tiles.
    @discardableResult static func write(
        _ vector: UnsafePointer<Float>, from origin: UnsafeBufferPointer<Float>, row: Int,
        into tiles: UnsafeMutableRawPointer
    ) -> CodedRow {
        let width = origin.count
        var largest = least
        for i in 0..<width { largest = max(largest, (vector[i] - origin[i]).magnitude) }
        let (scale, inverse) = (largest / 127, 127 / largest)
        var (kept, lost) = (0.0, 0.0)
        for i in 0..<width {
            let code = ((vector[i] - origin[i]) * inverse).rounded().clamped(to: -127...127)
            tiles.storeBytes(
                of: UInt8(Int(code) + 128), toByteOffset: Kernels.codePosition(row: row, i, width: width),
                as: UInt8.self)
            let rest = (Double(vector[i]) - Double(origin[i])) / Double(scale) - Double(code)
            kept += Double(code) * Double(code)
            lost += rest * rest
        }
        tiles.storeBytes(of: scale, toByteOffset: Kernels.scalePosition(row: row, width: width), as: Float.self)
        return CodedRow(
            scale: scale, reach: Float(kept.squareRoot()).nextUp, error: Float(lost.squareRoot()).nextUp)
    }
}

extension Float {
    func clamped(to range: ClosedRange<Float>) -> Float { min(max(self, range.lowerBound), range.upperBound) }
}
