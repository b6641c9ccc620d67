import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Memory of buffers that are read here and there, on pages of 2 MB where the kernel gives them: an address on a small page costs a
/// walk through the page tables whenever the processor has forgotten it, which in a catalogue of some hundred megabytes is
/// nearly always.
///
/// Buffers of 4 to 256 kB of one size share chunks of 2 MB, larger ones have pages of their own, smaller ones come from `malloc`. A chunk
/// that nobody uses any more is given back, but for one of each size. Linux gives large pages for the asking where
/// `/sys/kernel/mm/transparent_hugepage/enabled` says `madvise` or `always`; elsewhere the pages are small.
package enum PageMemory {
    private static let page = 1 << 21
    private static let shared = 4096...(256 << 10)
    private static let pool = Mutex(Pool())

    /// Memory at a boundary of 64 bytes, to be given back by `deallocate` with the same number of bytes.
    package static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        if shared.contains(bytes) { return pool.withLock { $0.take(rounded(bytes)) } }
        let isLarge = bytes >= page
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: max(64, bytes), alignment: isLarge ? page : 64)
        if isLarge { advise(memory, bytes) }
        return memory
    }

    /// Gives back what `allocate` gave for so many bytes.
    package static func deallocate(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
        if shared.contains(bytes) { pool.withLock { $0.giveBack(memory) } } else { memory.deallocate() }
    }

    private static func rounded(_ bytes: Int) -> Int { (bytes + 1023) / 1024 * 1024 }

    private static func advise(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
        #if canImport(Glibc)
            // A wish: where it is not granted nothing is lost but time.
            _ = madvise(memory, bytes, MADV_HUGEPAGE)
        #endif
    }

    /// The chunks in use, each of places of one size.
    private struct Pool: ~Copyable {
        private struct Chunk {
            let size: Int
            /// Places that nobody has.
            var free: [Int]
        }

        private var chunks: [UInt: Chunk] = [:]
        /// Per size the chunks that have a free place.
        private var open: [Int: [UInt]] = [:]

        mutating func take(_ size: Int) -> UnsafeMutableRawPointer {
            if open[size, default: []].isEmpty { add(size) }
            guard let base = open[size]?.last, let place = chunks[base]?.free.popLast(),
                let memory = UnsafeMutableRawPointer(bitPattern: base)
            else { fatalError("a chunk of \(size) bytes a place is listed as open and has none") }
            if chunks[base]?.free.isEmpty ?? true { open[size]?.removeLast() }
            return memory + place * size
        }

        private mutating func add(_ size: Int) {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: page, alignment: page)
            advise(memory, page)
            let base = UInt(bitPattern: memory)
            chunks[base] = Chunk(size: size, free: (0..<page / size).reversed())
            open[size, default: []].append(base)
        }

        mutating func giveBack(_ memory: UnsafeMutableRawPointer) {
            let address = UInt(bitPattern: memory)
            let base = address & ~UInt(page - 1)
            guard let size = chunks[base]?.size else { fatalError("no chunk has this memory") }
            chunks[base]?.free.append(Int(address - base) / size)
            let free = chunks[base]?.free.count ?? 0
            if free == 1 { open[size, default: []].append(base) }
            guard free == page / size, open[size, default: []].count > 1 else { return }
            open[size]?.removeAll { $0 == base }
            chunks[base] = nil
            UnsafeMutableRawPointer(bitPattern: base)?.deallocate()
        }
    }
}
