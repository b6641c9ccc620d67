import Bytes
import Foundation

/// A digest of several byte strings, each with its length, so that no byte can move from one to the next unnoticed.
enum ContentDigest {
    /// The lower-case hex digits of SHA-256.
    static func hex(_ parts: [Data]) throws(SHA256.Unavailable) -> String {
        var hash = try SHA256()
        for part in parts {
            var length = ByteWriter(reserving: 8)
            length.integer(UInt64(part.count))
            try hash.update(length.bytes)
            try hash.update([UInt8](part))
        }
        return try hash.finish().hexadecimal
    }
}
