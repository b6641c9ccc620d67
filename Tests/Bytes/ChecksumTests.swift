import Bytes
import Testing

@Suite struct ChecksumTests {
    /// The check value that every description of this CRC gives.
    @Test func crc32OfTheStandardText() {
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xcbf4_3926)
        #expect(CRC32.checksum([]) == 0)
    }

    /// FIPS 180-4's examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func sha256(text: String, digest: String) throws {
        #expect(try SHA256.digest(of: Array(text.utf8)).hexadecimal == digest)
    }

    @Test func sha256InPartsEqualsTheWhole() throws {
        var hash = try SHA256()
        try hash.update(Array("ab".utf8))
        try hash.update([])
        try hash.update(Array("c".utf8))
        #expect(try hash.finish() == SHA256.digest(of: Array("abc".utf8)))
    }

    /// The vectors of Apache Kafka's own `UtilsTest.testMurmur2`.
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829), ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ] as [(String, Int32)])
    func murmur2(key: String, hash: Int32) {
        #expect(Int32(bitPattern: Murmur2.hash(Array(key.utf8))) == hash)
    }

    /// toPositive drops the sign bit; it does not take the absolute value.
    @Test func partitionDropsTheSign() {
        #expect(Murmur2.partition(of: Array("21".utf8), partitions: 1000) == Int32((UInt32(bitPattern: -973_932_308) & 0x7fff_ffff) % 1000))
        #expect(Murmur2.partition(of: [], partitions: 0) == 0)
    }
}
