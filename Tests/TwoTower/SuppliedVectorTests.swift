import Commerce
import LinearAlgebra
import Testing
import TwoTower

/// Vectors that other models supplied, from the catalogue to the items' vectors.
@Suite struct SuppliedVectorTests {
    /// Shoppers stay within one half of a shop of 40 items; only a supplied vector, with noise, tells the halves apart.
    static func halves() -> (log: TrainingLog, catalogue: [CatalogueItem]) {
        var generator = SplitMix64(seed: 4)
        var log = TrainingLog()
        for shopper in 0..<120 {
            for event in 0..<10 {
                let item = Int.random(in: 0..<20, using: &generator) + (shopper % 2 == 0 ? 0 : 20)
                log.append(
                    shopper: .known("u\(shopper)"), item: ItemID("i\(item)"), action: .browse,
                    time: EventTime(milliseconds: Int64(shopper * 1000 + event)))
            }
        }
        let catalogue = (0..<40).map {
            CatalogueItem(item: ItemID("i\($0)"), vectors: ["image": vector($0 < 20, &generator)])
        }
        return (log, catalogue)
    }

    private static func vector(_ first: Bool, _ generator: inout SplitMix64) -> [Float] {
        (0..<10).map {
            ($0 == 3) == first ? 0 : 5 * Float($0 == 3 || $0 == 7 ? 1 : 0) + Float(generator.normal()) * 0.3
        }
    }

    private func model(
        _ log: TrainingLog, _ catalogue: [CatalogueItem], _ change: (inout TrainingSettings) -> Void = { _ in }
    ) throws -> Model {
        var settings = TrainingTests.quick
        change(&settings)
        return try Trainer.train(log, catalogue: catalogue, settings: settings).model
    }

    @Test func newItemsLieWhereTheirVectorsSay() throws {
        let (log, catalogue) = Self.halves()
        let model = try model(log, catalogue)
        #expect(model.layout.shape.vectors == [VectorColumn(name: "image", width: 10)])
        var generator = SplitMix64(seed: 77)
        for first in [true, false] {
            let new = CatalogueItem(item: ItemID("new"), vectors: ["image": Self.vector(first, &generator)])
            var vector = [Float](repeating: 0, count: model.dimension)
            #expect(try vector.withUnsafeMutableBufferPointer { try model.outputVector(of: new, into: $0) })
            func nearness(_ items: Range<Int>) -> Float {
                items.compactMap { model.row(of: ItemID("i\($0)")) }.reduce(Float(0)) { sum, row in
                    sum + zip(model.trainedOutput(row), vector).reduce(0) { $0 + $1.0 * $1.1 }
                } / Float(items.count)
            }
            #expect(nearness(first ? 0..<20 : 20..<40) > nearness(first ? 20..<40 : 0..<20) + 0.3)
        }
    }

    @Test func serveAsTheyWereTrained() throws {
        let (log, catalogue) = Self.halves()
        let model = try model(log, catalogue) { $0.epochs = 1 }
        var vector = [Float](repeating: 0, count: model.dimension)
        for item in catalogue {
            let row = try #require(model.row(of: item.item))
            #expect(try vector.withUnsafeMutableBufferPointer { try model.outputVector(of: item, into: $0) })
            #expect(vector == Array(model.trainedOutput(row)), "equal bits")
        }
    }

    @Test func aVectorThatDoesNotFitIsNamed() throws {
        let (log, catalogue) = Self.halves()
        func failure(_ vector: [Float], declared: [VectorColumn]? = nil) throws -> TrainingError {
            var catalogue = catalogue
            catalogue[7].vectors["image"] = vector
            return try #require(throws: TrainingError.self) {
                try model(log, catalogue) { $0.vectorColumns = declared }
            }
        }
        let short = try failure([1, 2])
        #expect(short.code == .badCatalogue)
        #expect(short.reason.hasPrefix(#"item "i7": the vector "image" has 2 components, the column has 10"#))
        let none = try failure((0..<10).map { $0 == 4 ? .nan : 1 })
        #expect(none.reason.hasPrefix(#"item "i7": the vector "image" has a component that is no finite number"#))
        #expect(try failure(Array(repeating: .infinity, count: 10)).code == .badCatalogue)
        let other = try failure([1, 2], declared: [VectorColumn(name: "image", width: 2)])
        #expect(other.reason.contains("has 10 components, the column has 2"))
        let bad = try failure([1, 2], declared: [VectorColumn(name: "image", width: 0)])
        #expect(bad.code == .badSettings)
    }

    @Test func declaredColumnsAloneAreUsed() throws {
        var (log, catalogue) = Self.halves()
        for index in catalogue.indices where index % 2 == 0 {
            catalogue[index].vectors["text"] = [1, Float(index)]
            catalogue[index].vectors["huge"] = [3e38, -3e38]
        }
        catalogue[0].vectors["rare"] = [1]
        log.append(shopper: .known("u"), item: ItemID("bare"), action: .browse, time: EventTime(milliseconds: 9))
        let all = try model(log, catalogue) { $0.epochs = 1 }
        #expect(all.layout.shape.vectors.map(\.name) == ["huge", "image", "text"])
        #expect(all.itemVectors.values.allSatisfy { $0.isFinite })
        let one = try model(log, catalogue) {
            $0.epochs = 1
            $0.vectorColumns = [VectorColumn(name: "text", width: 2), VectorColumn(name: "absent", width: 9)]
        }
        #expect(one.layout.shape.vectors == [VectorColumn(name: "text", width: 2)])
    }

    /// At the minimum of Σ |P x - e|² + λ |P|² the gradient Σ (P x - e) xᵀ + λ P vanishes.
    @Test func projectionsStartAtTheRidgeRegression() throws {
        let (d, width, items) = (16, 5, 30)
        var log = TrainingLog()
        for item in 0..<items - 4 {
            log.append(
                shopper: .known("u"), item: ItemID("i\(item)"), action: .browse, time: EventTime(milliseconds: 0))
        }
        let layout = TowerLayout(
            TowerShape(
                items: items, tokens: 0, vectors: [VectorColumn(name: "image", width: width)], dimension: d, blocks: 1,
                hidden: 16))
        var generator = SplitMix64(seed: 3)
        let raw = (0..<items).map { _ in (0..<width).map { _ in Float(generator.normal()) } }
        let records = raw.enumerated().map { index, vector in
            CatalogueItem(item: ItemID("i\(index)"), vectors: index % 5 == 0 ? [:] : ["image": vector])
        }
        let bags = FeatureBags(
            records.map { _ in .empty }, vectors: [try SuppliedVectors(layout.shape.vectors[0], of: records)])
        let parameters = FloatBuffer(count: layout.count)
        for index in 0..<items * d { parameters.pointer[index] = Float(generator.normal()) }
        ProjectionStart.fill(layout, Histories(log), bags, parameters.pointer)
        let seen = (0..<items - 4).filter { $0 % 5 != 0 }
        let units = raw.map { vector in
            let length = vector.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
            return vector.map { Double($0) / length }
        }
        func projection(_ row: Int, _ column: Int) -> Double {
            Double(parameters.pointer[layout.projections[0].offset + row * width + column])
        }
        for row in 0..<d {
            let errors = seen.map { item in
                (0..<width).reduce(-Double(parameters.pointer[item * d + row])) {
                    $0 + projection(row, $1) * units[item][$1]
                }
            }
            for column in 0..<width {
                let slope = zip(seen, errors).reduce(0) { $0 + $1.1 * units[$1.0][column] }
                let penalty = 0.1 * Double(seen.count) / Double(width) * projection(row, column)
                #expect(abs(slope + penalty) < 1e-4, "row \(row), column \(column)")
            }
        }
    }

    // MARK: The whole catalogue

    @Test func manyRecordsAtOnceGiveWhatSingleOnesGive() throws {
        let (log, catalogue) = Self.halves()
        let model = try model(log, catalogue) { $0.epochs = 1 }
        var records = catalogue + (0..<30).map { CatalogueItem(item: ItemID("n\($0)"), vectors: catalogue[$0].vectors) }
        records[5].vectors["image"] = [1]
        records[50] = CatalogueItem(item: ItemID("featureless"), title: "unheard-of")
        var vectors = [Float](repeating: 1, count: records.count * model.dimension)
        let outcomes = vectors.withUnsafeMutableBufferPointer { model.outputVectors(of: records, into: $0) }
        for (place, item) in records.enumerated() {
            var single = [Float](repeating: 1, count: model.dimension)
            let outcome: CatalogueVector
            do throws(FeatureFault) {
                let written = try single.withUnsafeMutableBufferPointer { buffer throws(FeatureFault) in
                    try model.outputVector(of: item, into: buffer)
                }
                outcome = written ? .vector : .featureless
            } catch {
                outcome = .refused(error)
                single = [Float](repeating: 0, count: model.dimension)
            }
            #expect(outcome == outcomes[place])
            #expect(single == Array(vectors[place * model.dimension..<(place + 1) * model.dimension]))
        }
    }
}
