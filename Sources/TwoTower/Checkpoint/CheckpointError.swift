/// Why a checkpoint cannot be read or written: one sentence that names the file and, where there is one, the tensor.
public struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of fault it is; callers decide by it, never by the text.
    public enum Code: Sendable {
        /// The file is missing or cannot be read or written.
        case inaccessible
        /// The file is not what its name says: broken JSON, truncated, overlapping tensors.
        case malformed
        /// A format version that this program does not know.
        case unsupportedVersion
        /// A tensor is missing, or has another type or shape than the model's sizes ask for.
        case wrongTensor
        /// A number that is not finite.
        case notFinite
    }

    public let code: Code
    public let file: String
    public let tensor: String?
    public let reason: String

    package init(_ code: Code, file: String, tensor: String? = nil, _ reason: String) {
        self.code = code
        self.file = file
        self.tensor = tensor
        self.reason = reason
    }

    public var description: String {
        tensor.map { "\(file): tensor \"\($0)\": \(reason)" } ?? "\(file): \(reason)"
    }
}
