extension ShopperRecord {
    /// The market that the shopper is in: what the newest kept event that bears the attribute says, as it was written. Nil where none
    /// does, or where it says nothing.
    func market(by attribute: String?) -> String? {
        guard let attribute else { return nil }
        for entry in entries.reversed() {
            if let market = entry.attributes[attribute] { return market.isEmpty ? nil : market }
        }
        return nil
    }
}
