import Foundation

/// The files of the repository, read once.
enum Project {
    /// The folder that holds Package.swift.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every text file but what is built or belongs to git, by path.
    static let files: [ProjectFile] = {
        let keys: [URLResourceKey] = [.isRegularFileKey]
        guard let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: keys) else { return [] }
        var files: [ProjectFile] = []
        while let url = walk.nextObject() as? URL {
            let name = url.lastPathComponent
            if name.hasPrefix(".build") || name == ".git" || name == "__pycache__" {
                walk.skipDescendants()
            } else if (try? url.resourceValues(forKeys: Set(keys)))?.isRegularFile == true,
                let text = try? String(contentsOf: url, encoding: .utf8)
            {
                files.append(ProjectFile(path: String(url.path.dropFirst(root.path.count + 1)), text: text))
            }
        }
        return files.sorted { $0.path < $1.path }
    }()

    /// The Swift and C files of Sources and Tests.
    static let sources = files.filter { ["Sources", "Tests"].contains($0.area) && $0.language != nil }

    /// The Swift files of Sources and Tests.
    static let swift = sources.filter { $0.language == .swift }

    /// Package.swift's targets.
    static let targets = TargetList(
        files.first { $0.path == "Package.swift" }?.lines.joined(separator: "\n") ?? "")
}
