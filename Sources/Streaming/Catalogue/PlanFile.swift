import Foundation
import Retrieval

/// The plan of a checkpoint's index in a file beside the checkpoint, so that the next start need not make it again.
///
/// The file is an artefact of what it was made for and nothing else: it may be copied with the checkpoint, shared by processes, and
/// deleted at any time.
public struct PlanFile: Sendable {
    private let url: URL
    private let purpose: IndexPlan.Purpose
    private let complain: @Sendable (String) -> Void

    /// - Parameters:
    ///   - folder: the checkpoint's.
    ///   - purpose: what plans are made for; recall and length of the lists are in the file's name.
    ///   - complain: hears, in one sentence, of a file that is no plan or that cannot be written.
    public init(folder: String, for purpose: IndexPlan.Purpose, complain: @escaping @Sendable (String) -> Void) {
        url = URL(fileURLWithPath: folder).appendingPathComponent("index-\(purpose.recall)-\(purpose.k).plan")
        self.purpose = purpose
        self.complain = complain
    }

    /// Whether a file in a checkpoint's folder is a plan, finished or not.
    public static func isName(_ name: String) -> Bool { name.hasPrefix("index-") && name.hasSuffix(".plan") }

    /// The plan in the file; nil where there is none, or where it is another's or damaged, and a new one has to be made.
    func read(dimension: Int) -> IndexPlan? {
        guard let data = try? Data(contentsOf: url) else { return nil }
        do {
            guard let plan = try IndexPlan(bytes: Array(data), for: purpose) else { return nil }
            if plan.index.dimension == dimension { return plan }
            complain(
                "\(url.path): a plan of \(plan.index.dimension) dimensions, the model has \(dimension); it is made anew"
            )
        } catch {
            complain("\(url.path): \(error); it is made anew")
        }
        return nil
    }

    /// Keeps a plan, in the place of the one that was there; who reads meanwhile has the one or the other.
    func write(_ plan: IndexPlan) {
        let unfinished = url.deletingLastPathComponent().appendingPathComponent("index-\(UUID().uuidString).plan")
        do {
            try Data(plan.bytes(for: purpose)).write(to: unfinished)
            guard rename(unfinished.path, url.path) == 0 else {
                throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: url.path])
            }
        } catch {
            try? FileManager.default.removeItem(at: unfinished)
            complain(
                "\(url.path) cannot be written, so the next start makes the plan again: \(error.localizedDescription)")
        }
    }
}
