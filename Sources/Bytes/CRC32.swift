import CZlib

/// The CRC-32 of zlib, gzip and PNG (polynomial 0xEDB88320).
public enum CRC32 {
    /// The checksum of `bytes`; 0 for none.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0) }
    }

    /// The checksum of `bytes`; 0 for none.
    public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_z(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
    }
}
