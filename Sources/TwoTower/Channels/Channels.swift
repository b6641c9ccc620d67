/// What stands beside the towers' dot product in a score, as constants: chosen on validation, kept in the checkpoint.
public struct Channels: Codable, Sendable, Equatable {
    /// Of the sparse channel; nil for none.
    public var sparse: SparseChannel.Settings?
    /// How items move with the stream; nil leaves them where training put them.
    public var motion: MotionRule?

    package init(sparse: SparseChannel.Settings? = nil, motion: MotionRule? = nil) {
        self.sparse = sparse
        self.motion = motion
    }

    var fault: String? {
        sparse?.fault.map { "sparse: \($0)" } ?? motion?.fault.map { "motion: \($0)" }
    }
}
