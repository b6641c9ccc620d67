import Commerce
import Streaming
import TwoTower

/// Changes of a made-up catalogue, as records, and their way into the live one.
struct Changes {
    /// What a record does.
    enum Kind: String, CaseIterable {
        case price = "a price"
        case stock = "in stock or not"
        case title = "a title: the vector moves"
        case addition = "an item more"
        case withdrawal = "an item less"
    }

    /// A record as Kafka has it.
    struct Record {
        let key: [UInt8]
        let value: [UInt8]?
    }

    let catalogue: LiveCatalogue
    private let shop: CatalogueShop
    private let decoder = CatalogueDecoder()
    private var random = SplitMix64(seed: 14)
    /// The items that are there, each with what was last said of it.
    private var present: [Present]
    private var next: Int
    private var offset: Int64 = 0

    private struct Present {
        let number: Int
        var edition = 0
        var price: Double?
        var inStock = true
    }

    init(catalogue: LiveCatalogue, shop: CatalogueShop) {
        self.catalogue = catalogue
        self.shop = shop
        present = (0..<shop.known).map { Present(number: $0) }
        next = shop.known
    }

    /// A record of the kind, of an item drawn evenly.
    mutating func next(_ kind: Kind) throws -> Record {
        if kind == .addition {
            present.append(Present(number: next))
            next += 1
            return try record(item(present.count - 1))
        }
        let place = Int(random.uniform() * Double(present.count))
        switch kind {
        case .price: present[place].price = Double(Int(random.uniform() * 100_000)) / 100
        case .stock: present[place].inStock.toggle()
        case .title: present[place].edition += 1
        case .addition: break
        case .withdrawal:
            let gone = present[place]
            present[place] = present[present.count - 1]
            present.removeLast()
            return Record(key: Array(CatalogueShop.id(gone.number).rawValue.utf8), value: nil)
        }
        return try record(item(place))
    }

    private func item(_ place: Int) -> CatalogueItem {
        let known = present[place]
        var item = shop.item(known.number, edition: known.edition)
        if let price = known.price { item.price = price }
        item.inStock = known.inStock
        return item
    }

    /// An item's record.
    func record(_ item: CatalogueItem) throws -> Record {
        Record(key: Array(item.item.rawValue.utf8), value: try item.encoded())
    }

    /// What the feed makes of records.
    func decode(_ records: [Record]) -> [CatalogueChange] {
        records.map { decoder.decode(key: $0.key, value: $0.value) }
    }

    /// Applies changes as the feed does.
    mutating func apply(_ changes: [CatalogueChange]) throws {
        offset += Int64(changes.count)
        if let refused = catalogue.apply(changes, partition: 0, next: offset).first {
            throw CatalogueFault.refused(refused.reason)
        }
    }
}

/// What makes figures of the catalogue worthless.
enum CatalogueFault: Error {
    case noSearch
    /// A record of the made-up catalogue was refused.
    case refused(String)
    /// Items that the index holds, and how many it should.
    case count(found: Int, wanted: Int)
}
