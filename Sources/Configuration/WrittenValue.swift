/// A type with a small syntax of its own, which says what is wrong with a text.
public protocol WrittenValue: ConfigurationValue {
    /// Reads a text.
    init(parsing text: String) throws(Refusal)
}

/// Why a text is not of a type.
public struct Refusal: Error, Equatable, Sendable {
    /// To stand behind the text; nil where there is no more to say than what else to write.
    public let reason: String?

    public init(_ reason: String? = nil) { self.reason = reason }
}

extension WrittenValue {
    public init?(_ raw: RawValue) {
        guard let text = String(raw) else { return nil }
        do throws(Refusal) {
            try self.init(parsing: text)
        } catch {
            return nil
        }
    }

    /// Reads a part of a larger text, whose refusal has to say which part it is about.
    public init(part text: String) throws(Refusal) {
        do throws(Refusal) {
            try self.init(parsing: text)
        } catch {
            throw Refusal(error.reason ?? "\(RawValue.untyped(text).shown) is not \(Self.kind)")
        }
    }

    /// The reason for the refusal, where there is one.
    public static func complaints(about raw: RawValue) -> [String] {
        if let text = String(raw) {
            do throws(Refusal) {
                _ = try Self(parsing: text)
            } catch {
                if let reason = error.reason { return ["\(raw.shown): \(reason)"] }
            }
        }
        return ["\(raw.shown) is not \(kind)"]
    }
}
