import Foundation

/// A digest of several byte strings, each with its length.
enum ContentDigest {
    static func hex(_ parts: [Data]) -> String {
        var first: UInt64 = 0xcbf2_9ce4_8422_2325
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).littleEndian) { for byte in $0 { first = (first ^ UInt64(byte)) &* 0x100_0000_01b3 } }
            part.withUnsafeBytes { for byte in $0 { first = (first ^ UInt64(byte)) &* 0x100_0000_01b3 } }
        }
        let text = String(first, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
