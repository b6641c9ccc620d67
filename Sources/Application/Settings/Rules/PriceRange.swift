import Configuration

/// A range of prices, both bounds included: `5..200`, `..200`, `5..`.
public struct PriceRange: Hashable, Sendable {
    /// From 0; up to infinity where nothing bounds it.
    public let bounds: ClosedRange<Float>
}

extension PriceRange: WrittenValue {
    public static var kind: String { "a range of prices such as 5..200, ..200, 5.." }

    public init(parsing text: String) throws(Refusal) {
        let parts = text.split(separator: "..", omittingEmptySubsequences: false)
        guard parts.count == 2, text != ".." else { throw Refusal() }
        let (low, high) = (try Self.price(parts[0]), try Self.price(parts[1]))
        if let low, let high, low > high {
            throw Refusal(
                "no price is at least \(low.plain) and at most \(high.plain); write \(high.plain)..\(low.plain)")
        }
        bounds = (low ?? 0)...(high ?? .infinity)
    }

    /// Nil of the empty text. By way of a double, as an item's price comes to be a single.
    private static func price(_ text: Substring) throws(Refusal) -> Float? {
        if text.isEmpty { return nil }
        guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".") }),
            let price = Double(text).map({ Float($0) }), price.isFinite
        else { throw Refusal() }
        return price
    }

    public var text: String {
        (bounds.lowerBound > 0 ? bounds.lowerBound.plain : bounds.upperBound.isFinite ? "" : "0") + ".."
            + (bounds.upperBound.isFinite ? bounds.upperBound.plain : "")
    }
}

extension BinaryFloatingPoint where Self: CustomStringConvertible {
    /// As one writes it: 5, not 5.0.
    var plain: String {
        let text = description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
