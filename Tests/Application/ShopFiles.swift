import Datasets

/// Two files as a shop would export them: columns and actions with names of its own.
enum ShopFiles {
    static let eventHeader = "visitor,product,action,at,euro"

    /// 60 visitors who walk through 12 products, mostly in the order of the shelves.
    static let events: [String] = (0..<60).flatMap { visitor in
        (0..<8).map { step in
            let product = (visitor * 5 + step * (visitor % 7 == 0 ? 5 : 1)) % 12
            let action = ["view", "view", "addtocart", "transaction"][step % 4]
            return "v\(visitor),p\(product),\(action),\(1_767_225_600 + visitor * 40 + step * 6),\(product).50"
        }
    }

    static let itemHeader = "sku,name,department,maker,euro"

    static let items: [String] = (0..<12).map { product in
        "p\(product),\"Teapot, No. \(product)\",Home > Kitchen \(product % 3),Maker \(product % 2),\(product).50"
    }

    /// What the README's walk-through tells the program of the events.
    static let eventOptions = [
        "--column", "user_id=visitor", "--column", "item_id=product", "--column", "type=action", "--column",
        "timestamp=at", "--column", "price=euro", "--type", "browse=view", "--type", "cart=addtocart", "--type",
        "purchase=transaction",
    ]

    /// And of the items: of `import catalogue` with `--column`, of `train` with `--item-column`.
    static func itemOptions(_ option: String) -> [String] {
        ["item_id=sku", "title=name", "category=department", "brand=maker", "price=euro"].flatMap { [option, $0] }
    }

    /// The same for a job.
    static func options(_ fields: [String]) throws -> DatasetOptions {
        DatasetOptions(
            columns: try ColumnMap(entries: fields),
            actions: ["view": .browse, "addtocart": .cart, "transaction": .purchase])
    }

    static let eventColumns = [
        "user_id=visitor", "item_id=product", "type=action", "timestamp=at", "price=euro",
    ]

    /// Writes `events.csv` and `products.csv`.
    static func write(to folder: Scratch, badRows: [String] = []) throws {
        try folder.write("events.csv", [eventHeader] + events + badRows)
        try folder.write("products.csv", [itemHeader] + items)
    }
}
