/// A text that is never printed: every description of it is `***`.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What is printed.
    static let shown = "***"

    private let text: String

    /// Wraps a text.
    public init(_ text: String) { self.text = text }

    /// The text itself, for the call that needs it.
    public func reveal() -> String { text }

    public var description: String { Self.shown }
    public var debugDescription: String { Self.shown }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
