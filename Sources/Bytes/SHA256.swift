import CCrypto

/// SHA-256 (FIPS 180-4), by OpenSSL.
///
/// Feed it in parts with `update`, then take `finish()` once; `digest(of:)` does both.
public struct SHA256: ~Copyable {
    /// OpenSSL failed to give a digest: it lacks memory, or its configuration forbids SHA-256.
    public struct Unavailable: Error, CustomStringConvertible {
        public var description: String {
            "OpenSSL gives no SHA-256: check its configuration (openssl.cnf) and free memory"
        }
    }

    /// Looked up once: a look-up for every digest would cost more than the digest of a short text.
    // OpenSSL's algorithm objects are immutable and shared between threads by design.
    nonisolated(unsafe) private static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)

    private let context: OpaquePointer

    /// A digest of nothing yet.
    /// - Throws: `Unavailable` if OpenSSL offers no SHA-256 or has no memory for it.
    public init() throws(Unavailable) {
        guard let algorithm = Self.algorithm, let context = EVP_MD_CTX_new() else { throw Unavailable() }
        guard EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw Unavailable()
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds `bytes` to what is hashed.
    public mutating func update(_ bytes: [UInt8]) throws(Unavailable) {
        guard bytes.withUnsafeBytes({ EVP_DigestUpdate(context, $0.baseAddress, $0.count) }) == 1 else {
            throw Unavailable()
        }
    }

    /// The 32 bytes of the digest of everything that was added.
    public consuming func finish() throws(Unavailable) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        guard digest.withUnsafeMutableBufferPointer({ EVP_DigestFinal_ex(context, $0.baseAddress, nil) }) == 1 else {
            throw Unavailable()
        }
        return digest
    }

    /// The 32 bytes of the digest of `bytes`.
    public static func digest(of bytes: [UInt8]) throws(Unavailable) -> [UInt8] {
        var hash = try SHA256()
        try hash.update(bytes)
        return try hash.finish()
    }
}

extension [UInt8] {
    /// The bytes as lower-case hexadecimal digits, two a byte.
    public var hexadecimal: String {
        String(unsafeUninitializedCapacity: 2 * count) { digits in
            let alphabet: StaticString = "0123456789abcdef"
            for (index, byte) in enumerated() {
                digits[2 * index] = alphabet.utf8Start[Int(byte >> 4)]
                digits[2 * index + 1] = alphabet.utf8Start[Int(byte & 15)]
            }
            return 2 * count
        }
    }
}
