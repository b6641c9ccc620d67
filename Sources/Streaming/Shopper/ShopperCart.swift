import Commerce

extension ShopperRecord {
    /// Items of a cart that are kept. A visit seldom fills a cart with a hundred different items, while a program that fills one without end
    /// would make every list slower; of more the oldest leave.
    static let cartLimit = 100

    /// What an action on an item does to the cart.
    mutating func updateCart(_ action: Action, _ item: ItemID) {
        guard action != .browse else { return }
        cart.removeAll { $0 == item }
        guard action == .cart else { return }
        cart.append(item)
        cart.removeFirst(max(0, cart.count - ShopperRecord.cartLimit))
    }
}
