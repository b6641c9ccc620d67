import Foundation

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
    private nonisolated(unsafe) static var pool = Pool()  // used while `lock` is held
    /// One that the thread sanitizer knows: memory goes from thread to thread by it.
    private static let lock = NSLock()

    /// Memory at a boundary of 64 bytes, to be given back by `deallocate` with the same number of bytes.
    package static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        if shared.contains(bytes) { return lock.withLock { pool.take(rounded(bytes)) } }
        let isLarge = bytes >= page
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: max(64, bytes), alignment: isLarge ? page : 64)
        if isLarge { advise(memory, bytes) }
        return memory
    }

    /// Gives back what `allocate` gave for so many bytes.
    package static func deallocate(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
        if shared.contains(bytes) { lock.withLock { pool.giveBack(memory) } } else { memory.deallocate() }
    }

    private static func rounded(_ bytes: Int) -> Int { (bytes + 1023) / 1024 * 1024 }

    private static func advise(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
        #if os(Linux)
            // A wish: where it is not granted nothing is lost but time.
            _ = madvise(memory, bytes, MADV_HUGEPAGE)
        #endif
    }

    /// A page's memory, at a page's boundary. Straight from the kernel, where it can be had so: between such pieces `malloc` leaves gaps
    /// of the same size.
    private static func map() -> UnsafeMutableRawPointer {
        #if os(Linux)
            let twice = mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            if let twice, twice != MAP_FAILED {
                let before = -Int(bitPattern: twice) & (page - 1)
                if before > 0 { munmap(twice, before) }
                munmap(twice + before + page, page - before)
                return twice + before
            }
            preconditionFailure("the kernel gives no more memory: 4 MB were asked for")
        #else
            return .allocate(byteCount: page, alignment: page)
        #endif
    }

    private static func unmap(_ memory: UnsafeMutableRawPointer) {
        #if os(Linux)
            munmap(memory, page)
        #else
            memory.deallocate()
        #endif
    }

    /// 2 MB of places of one size.
    private final class Chunk {
        let memory: UnsafeMutableRawPointer
        let size: Int
        /// Places that nobody has.
        var free: [Int]

        init(size: Int) {
            self.size = size
            memory = PageMemory.map()
            free = Array((0..<page / size).reversed())
            advise(memory, page)
        }

        deinit { PageMemory.unmap(memory) }

        var isUnused: Bool { free.count == page / size }
    }

    /// The chunks in use.
    private struct Pool: ~Copyable {
        /// By the number of the page that each is.
        private var chunks: [UInt: Chunk] = [:]
        /// Per size the chunks that have a free place.
        private var open: [Int: [Chunk]] = [:]

        mutating func take(_ size: Int) -> UnsafeMutableRawPointer {
            let chunk = open[size]?.last ?? add(size)
            let place = chunk.free.removeLast()
            if chunk.free.isEmpty { open[size]?.removeLast() }
            return chunk.memory + place * size
        }

        private mutating func add(_ size: Int) -> Chunk {
            let chunk = Chunk(size: size)
            chunks[UInt(bitPattern: chunk.memory) / UInt(page)] = chunk
            open[size, default: []].append(chunk)
            return chunk
        }

        mutating func giveBack(_ memory: UnsafeMutableRawPointer) {
            let address = UInt(bitPattern: memory)
            let number = address / UInt(page)
            guard let chunk = chunks[number] else { preconditionFailure("memory that is not of a chunk") }
            chunk.free.append(Int(address % UInt(page)) / chunk.size)
            if chunk.free.count == 1 { open[chunk.size, default: []].append(chunk) }
            guard chunk.isUnused, open[chunk.size, default: []].count > 1 else { return }
            open[chunk.size]?.removeAll { $0 === chunk }
            chunks[number] = nil
        }
    }
}
