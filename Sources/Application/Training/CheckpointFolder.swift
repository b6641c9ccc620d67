import Foundation
import TwoTower

/// The folder that a new checkpoint is to stand in.
struct CheckpointFolder {
    /// Why it cannot take one.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    let url: URL

    /// Checks the folder before any work is done for it: it is replaced as a whole, so it may hold an older checkpoint or nothing.
    init(path: String) throws(Fault) {
        url = URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
        let manager = FileManager.default
        var isFolder: ObjCBool = false
        if manager.fileExists(atPath: url.path, isDirectory: &isFolder) {
            guard isFolder.boolValue, let names = try? manager.contentsOfDirectory(atPath: url.path) else {
                throw Fault(description: "--model \(path): is not a folder that can be read; name another")
            }
            if let other = names.sorted().first(where: { !Checkpoint.fileNames.contains($0) }) {
                throw Fault(
                    description: "--model \(path): holds \(other), which is no part of a checkpoint, and the folder "
                        + "would be replaced; name an empty or a new one")
            }
        }
        var parent = url.deletingLastPathComponent()
        while !manager.fileExists(atPath: parent.path), parent.path != "/" { parent.deleteLastPathComponent() }
        guard manager.isWritableFile(atPath: parent.path) else {
            throw Fault(description: "--model \(path): \(parent.path) cannot be written to; name a folder elsewhere")
        }
    }

    /// Where a training for this folder is kept while it lasts: beside it, as `model.training`.
    var unfinished: UnfinishedTraining { UnfinishedTraining(url.appendingPathExtension("training")) }

    /// Writes the checkpoint and forgets the training that led to it. Interrupts wait until it stands: a moment only, and the folder is never half of one.
    func save(_ checkpoint: Checkpoint) throws(CheckpointError) {
        let signals = [SIGINT, SIGTERM, SIGHUP]
        let former = signals.map { signal($0, SIG_IGN) }
        defer { for (number, action) in zip(signals, former) { signal(number, action) } }
        try checkpoint.save(to: url)
        unfinished.remove()
    }
}
