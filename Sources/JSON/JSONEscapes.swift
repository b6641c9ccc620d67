import Bytes

/// What RFC 8259 demands to be escaped in a string, and nothing more: quotes, backslashes and bytes below 0x20.
enum JSONEscapes {
    /// Whether any byte of the text needs an escape; most texts have none. Eight bytes are looked at together.
    static func areNeeded(in utf8: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index &+ 8 <= utf8.count {
            if areNeeded(inWord: utf8.loadUnaligned(fromByteOffset: index, as: UInt64.self)) { return true }
            index &+= 8
        }
        while index < utf8.count {
            if isNeeded(utf8[index]) { return true }
            index &+= 1
        }
        return false
    }

    /// Adds a byte of a text, escaped where it needs to be.
    static func append(_ byte: UInt8, to written: inout GrowingBytes) {
        guard isNeeded(byte) else { return written.append(byte) }
        switch byte {
        case UInt8(ascii: "\""): written.append("\\\"")
        case UInt8(ascii: "\\"): written.append("\\\\")
        case UInt8(ascii: "\n"): written.append("\\n")
        case UInt8(ascii: "\r"): written.append("\\r")
        case UInt8(ascii: "\t"): written.append("\\t")
        default:
            written.append(byte < 0x10 ? "\\u000" : "\\u001")
            let digit = byte & 0x0f
            written.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private static func isNeeded(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Of a word whose bytes are `x`, `x - n` borrows into the highest bit of a byte below `n` that has it clear (and, above
    /// such a byte, perhaps of others: whether there is one is exact, where it is is not).
    private static func areNeeded(inWord word: UInt64) -> Bool {
        let each: UInt64 = 0x0101_0101_0101_0101
        func hasByte(of word: UInt64, below limit: UInt64) -> UInt64 { (word &- each &* limit) & ~word }
        let found =
            hasByte(of: word, below: 0x20)
            | hasByte(of: word ^ each &* UInt64(UInt8(ascii: "\"")), below: 1)
            | hasByte(of: word ^ each &* UInt64(UInt8(ascii: "\\")), below: 1)
        return found & (each &* 0x80) != 0
    }
}
