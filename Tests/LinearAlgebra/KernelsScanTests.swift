import LinearAlgebra
import Testing

/// Scans of codes, exact dot products of scattered rows, and selection, against what one would write first.
struct KernelsScanTests {
    @Test(arguments: InstructionSet.available, [16, 64, 80])
    func boundsAreThoseOfIntegers(level: InstructionSet, width: Int) {
        var generator = Generator(state: 7)
        for (users, tiles) in [(1, 1), (1, 5), (2, 4), (3, 9), (4, 8), (7, 13)] {
            let rows = tiles * 16
            let codes = (0..<rows).map { _ in (0..<width).map { _ in UInt8.random(in: 1...255, using: &generator) } }
            let scales = (0..<rows).map { _ in Float.random(in: 0...0.1, using: &generator) }
            let packed = Self.packed(codes, scales, width: width)
            // Of every kind: full, some, few and empty tiles, different for each user.
            let masks = (0..<users * tiles).map { _ -> UInt16 in
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: .max
                case 1: .random(in: 0...UInt16.max, using: &generator)
                default: users > 2 && Bool.random(using: &generator) ? 1 << 5 : 0
                }
            }
            let queries = (0..<users).map { _ in
                (0..<width).map { _ in Int8.random(in: -127...127, using: &generator) }
            }
            func sum(_ user: Int, _ row: Int) -> Int32 {
                (0..<width).reduce(Int32(0)) { $0 + Int32(queries[user][$1]) * (Int32(codes[row][$1]) - 128) }
            }
            func counts(_ user: Int, _ row: Int) -> Bool {
                masks[user * tiles + row / 16] >> UInt16(row % 16) & 1 == 1
            }
            func reached(_ user: Int, _ row: Int) -> Float { scales[row] * (Float(sum(user, row)) * 0.5 + 7) }
            let thresholds = (0..<users).map { user in (0..<rows).map { reached(user, $0) }.sorted()[rows * 3 / 4] }
            let (scans, queried, bounds, maxima, hits) = (
                UnsafeMutablePointer<Kernels.ScanUser>.allocate(capacity: users),
                UnsafeMutablePointer<Int8>.allocate(capacity: users * width),
                UnsafeMutablePointer<Float>.allocate(capacity: users * rows),
                UnsafeMutablePointer<Float>.allocate(capacity: users * 64),
                UnsafeMutablePointer<UInt32>.allocate(capacity: users * (rows + 1))
            )
            defer {
                scans.deallocate()
                queried.deallocate()
                bounds.deallocate()
                maxima.deallocate()
                hits.deallocate()
            }
            maxima.initialize(repeating: -.infinity, count: users * 64)
            for user in 0..<users {
                (queried + user * width).initialize(from: queries[user], count: width)
                var scan = Kernels.ScanUser()
                scan.query = UnsafePointer(queried + user * width)
                scan.start = -128 * queries[user].reduce(Int32(0)) { $0 + Int32($1) }
                scan.threshold = thresholds[user]
                (scan.step, scan.doubt, scan.base) = (0.5, 7, 3)
                scan.bounds = bounds + user * rows
                scan.maxima = user % 3 == 1 ? nil : maxima + user * 64
                (scan.tile, scan.groups) = (user, 4)
                scan.hits = hits + user * (rows + 1)
                (scan.hits[0], scan.found, scan.slot) = (9, 1, 1000)
                (scans + user).initialize(to: scan)
            }
            level.whileInForce {
                masks.withUnsafeBufferPointer { masks in
                    for user in 0..<users { scans[user].masks = masks.baseAddress.map { $0 + user * tiles } }
                    Kernels.scanBounds(packed, tiles: tiles, width: width, for: scans, count: users)
                    Kernels.scanHits(packed, tiles: tiles, width: width, for: scans, count: users)
                }
            }
            for user in 0..<users {
                var largest = [Float](repeating: -.infinity, count: 64)
                for row in 0..<rows {
                    let bound = counts(user, row) ? reached(user, row) + 3 : -.infinity
                    #expect(bounds[user * rows + row] == bound)
                    let group = (user + row / 16) % 4 * 16 + row % 16
                    if scans[user].maxima != nil { largest[group] = max(largest[group], bound) }
                }
                #expect((0..<64).map { maxima[user * 64 + $0] } == largest)
                let expected = (0..<rows).filter { counts(user, $0) && reached(user, $0) >= thresholds[user] }
                let found = (0..<scans[user].found).map { hits[user * (rows + 1) + $0] }
                // Tiles four by four: any order.
                #expect(found.first == 9 && found.dropFirst().sorted() == expected.map { UInt32($0 + 1000) })
            }
        }
    }

    /// Codes and scales of whole tiles of rows, as a scan takes them.
    private static func packed(_ codes: [[UInt8]], _ scales: [Float], width: Int) -> [UInt8] {
        var packed = [UInt8](repeating: 0, count: codes.count / 16 * Kernels.tileBytes(width: width))
        packed.withUnsafeMutableBytes { packed in
            for row in codes.indices {
                for i in 0..<width { packed[Kernels.codePosition(row: row, i, width: width)] = codes[row][i] }
                packed.storeBytes(
                    of: scales[row], toByteOffset: Kernels.scalePosition(row: row, width: width), as: Float.self)
            }
        }
        return packed
    }

    @Test(arguments: InstructionSet.available)
    func dotsOfScatteredRowsAreDots(level: InstructionSet) {
        var generator = Generator(state: 8)
        let (width, count) = (48, 21)
        let buffer = FloatBuffer(count: (count + 1) * width)
        for i in 0..<buffer.count { buffer.pointer[i] = Float.random(in: -1...1, using: &generator) }
        let rows = (1...count).shuffled(using: &generator).map { Optional(UnsafePointer(buffer.pointer + $0 * width)) }
        var scores = [Float](repeating: 0, count: count)
        level.whileInForce {
            rows.withUnsafeBufferPointer { rows in
                scores.withUnsafeMutableBufferPointer {
                    guard let target = $0.baseAddress else { return }
                    Kernels.dot(buffer.pointer, rows: rows, width: width, into: target)
                }
            }
        }
        let query = UnsafeBufferPointer(start: buffer.pointer, count: width)
        let expected = rows.compactMap { $0 }.map {
            Kernels.dot(query.span, UnsafeBufferPointer(start: $0, count: width).span)
        }
        #expect(scores.bits == expected.bits)
    }

    @Test(arguments: InstructionSet.available)
    func theLargestAreThoseOfASort(level: InstructionSet) {
        var generator = Generator(state: 9)
        for round in 0..<400 {
            let count = Int.random(in: 1...[700, 1600, 34][round % 3], using: &generator)
            let values = (0..<count).map { _ -> Float in
                switch round % 6 {
                case 0: Float.random(in: -1...1, using: &generator)
                case 1: Float(Int.random(in: 0...3, using: &generator))
                case 2: Bool.random(using: &generator) ? -.infinity : Float.random(in: 0...1, using: &generator)
                case 3:
                    Float.random(in: -1...1, using: &generator)
                        * Float(sign: .plus, exponent: .random(in: -120...49, using: &generator), significand: 1)
                case 4: Float.leastNonzeroMagnitude * Float(Int.random(in: 0...3, using: &generator))
                default: 7
                }
            }
            let sorted = values.sorted(by: >)
            for k in Set([1, 2, 3, 4, 5, (count + 1) / 2, count, Int.random(in: 1...count, using: &generator)])
            where k <= count {
                let found = values.withUnsafeBufferPointer { values in
                    level.whileInForce { Kernels.largest(k, of: values) }
                }
                #expect(found == sorted[k - 1], "number \(k) of \(count), round \(round)")
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func ranksAreThoseOfAStableSort(level: InstructionSet) {
        var generator = Generator(state: 10)
        for round in 0..<300 {
            let count = Int.random(in: 1...90, using: &generator)
            let values = (0..<count).map { _ -> Float in
                round % 2 == 0
                    ? .random(in: -1...1, using: &generator) : Float(Int.random(in: 0...5, using: &generator))
            }
            var order = [UInt32](repeating: .max, count: count)
            values.withUnsafeBufferPointer { values in
                order.withUnsafeMutableBufferPointer { order in
                    guard let start = order.baseAddress else { return }
                    level.whileInForce { Kernels.rank(values, into: start) }
                }
            }
            let wanted = values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
            #expect(order.map(Int.init) == wanted, "\(values)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func codesSayWhatTheyLeaveOut(level: InstructionSet) throws {
        var generator = Generator(state: 11)
        for round in 0..<200 {
            let width = 16 * Int.random(in: 1...9, using: &generator)
            let scale: Float = [1, 1e-3, 1e12, 1e-25, .leastNormalMagnitude / 100, 0][round % 6]
            let query = (0..<width).map { _ in scale * .random(in: -1...1, using: &generator) }
            var codes = [Int8](repeating: 99, count: width)
            let code = try #require(
                query.withUnsafeBufferPointer { query in
                    codes.withUnsafeMutableBufferPointer { codes in
                        query.baseAddress.flatMap { query in
                            codes.baseAddress.flatMap { codes in
                                level.whileInForce { Kernels.encode(query, width: width, into: codes) }
                            }
                        }
                    }
                })
            #expect(code.sum == codes.reduce(0) { $0 + Int32($1) } && codes.allSatisfy { $0 >= -127 })
            let rest = zip(query, codes).map { Double($0) - Double(code.step) * Double($1) }
            let (length, error) = (Self.length(query.map(Double.init)), Self.length(rest))
            #expect(Double(code.length) >= length && Double(code.error) >= error)
            guard scale > 1e-30 else { continue }
            #expect(Double(code.length) <= 1.001 * length && Double(code.error) <= 1.001 * error + 1e-4 * length)
            #expect(error <= 0.005 * length * Double(width).squareRoot())
        }
    }

    private static func length(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// Levels give the same bits, also of what is only estimated.
    @Test func codesAreTheSameAtAllLevels() {
        var generator = Generator(state: 12)
        let query = (0..<80).map { _ in Float.random(in: -3...3, using: &generator) }
        let results = InstructionSet.available.compactMap { level in
            level.whileInForce { () -> [UInt32] in
                var codes = [Int8](repeating: 0, count: 80)
                return query.withUnsafeBufferPointer { query in
                    codes.withUnsafeMutableBufferPointer { codes -> [UInt32] in
                        guard let query = query.baseAddress, let start = codes.baseAddress else { return [] }
                        let code = Kernels.encode(query, width: 80, into: start)
                        return [code.step.bitPattern, code.length.bitPattern, code.error.bitPattern]
                            + codes.map { UInt32(bitPattern: Int32($0)) }
                    }
                }
            }
        }
        #expect(results.allSatisfy { $0 == results[0] && $0.count == 83 })
    }
}
