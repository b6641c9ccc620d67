/// A way of storing a state: how precise the tower's memory of a shopper is, and how long the record.
enum StateForm: String, CaseIterable, Codable {
    case fp32
    /// IEEE 754 halves, rounded to nearest even; beyond their range, the largest.
    case fp16
    /// A byte a number and a scale for each row of `d` numbers: the row's largest magnitude / 127.
    case int8

    /// The bytes of a state of rows of `d` numbers.
    func encode(_ state: UnsafeBufferPointer<Float>, d: Int) -> [UInt8] {
        switch self {
        case .fp32: return Array(UnsafeRawBufferPointer(state))
        case .fp16:
            return [UInt8](unsafeUninitializedCapacity: 2 * state.count) { bytes, count in
                bytes.withMemoryRebound(to: Float16.self) { halves in
                    for i in state.indices { halves[i] = Float16(min(max(state[i], -65504), 65504)) }
                }
                count = 2 * state.count
            }
        case .int8:
            let rows = (state.count + d - 1) / d
            return [UInt8](unsafeUninitializedCapacity: state.count + 4 * rows) { bytes, count in
                for row in 0..<rows {
                    var largest: Float = 0
                    for i in row * d..<min((row + 1) * d, state.count) { largest = max(largest, state[i].magnitude) }
                    let start = row * (d + 4)
                    UnsafeMutableRawBufferPointer(bytes).storeBytes(
                        of: largest / 127, toByteOffset: start, as: Float.self)
                    let factor = largest > 0 ? 127 / largest : 0
                    for i in 0..<min(d, state.count - row * d) {
                        let number = (state[row * d + i] * factor).rounded(.toNearestOrEven)
                        bytes[start + 4 + i] = UInt8(bitPattern: Int8(min(max(number, -127), 127)))
                    }
                }
                count = state.count + 4 * rows
            }
        }
    }

    /// Reads what `encode` wrote.
    func decode(_ bytes: [UInt8], into state: UnsafeMutableBufferPointer<Float>, d: Int) {
        bytes.withUnsafeBytes { bytes in
            switch self {
            case .fp32: UnsafeMutableRawBufferPointer(state).copyMemory(from: bytes)
            case .fp16:
                for i in state.indices {
                    state[i] = Float(bytes.loadUnaligned(fromByteOffset: 2 * i, as: Float16.self))
                }
            case .int8:
                for row in 0..<(state.count + d - 1) / d {
                    let start = row * (d + 4)
                    let scale = bytes.loadUnaligned(fromByteOffset: start, as: Float.self)
                    for i in 0..<min(d, state.count - row * d) {
                        state[row * d + i] = Float(Int8(bitPattern: bytes[start + 4 + i])) * scale
                    }
                }
            }
        }
    }
}
