/// A command and its arguments, all of them arbitrary bytes, in one buffer.
public struct RedisCommand: Sendable {
    private var bytes: [UInt8] = []
    /// Where each argument ends in `bytes`.
    private var ends: [Int] = []

    /// A command of words: `RedisCommand("SET", "key")`.
    public init(_ words: String...) {
        for word in words { append(word) }
    }

    /// How many words the command has, its name included.
    public var count: Int { ends.count }

    /// Makes room for `arguments` more arguments of `bytes` bytes together.
    public mutating func reserve(arguments: Int, bytes size: Int) {
        ends.reserveCapacity(ends.count + arguments)
        bytes.reserveCapacity(bytes.count + size)
    }

    /// Adds an argument: the UTF-8 bytes of `text`.
    public mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        ends.append(bytes.count)
    }

    /// Adds an argument of any bytes, zeros included.
    public mutating func append(_ value: [UInt8]) {
        bytes.append(contentsOf: value)
        ends.append(bytes.count)
    }

    /// Calls `body` with the count, the addresses and the lengths of the arguments, valid during the call.
    borrowing func withArguments<Result>(
        _ body: (Int32, UnsafeMutablePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int>?) -> Result
    ) -> Result {
        var lengths: [Int] = []
        lengths.reserveCapacity(ends.count)
        var start = 0
        for end in ends {
            lengths.append(end - start)
            start = end
        }
        return bytes.withUnsafeBytes { buffer in
            let base = buffer.bindMemory(to: CChar.self).baseAddress
            var addresses: [UnsafePointer<CChar>?] = []
            addresses.reserveCapacity(ends.count)
            var start = 0
            for end in ends {
                // An argument without bytes still needs an address that is not null.
                addresses.append(base.map { $0 + start })
                start = end
            }
            return addresses.withUnsafeMutableBufferPointer { pointers in
                lengths.withUnsafeBufferPointer {
                    body(Int32(clamping: ends.count), pointers.baseAddress, $0.baseAddress)
                }
            }
        }
    }
}
