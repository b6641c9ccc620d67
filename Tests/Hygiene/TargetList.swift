/// The targets of Package.swift in their order.
struct TargetList {
    /// Every target but the tests, the first one first.
    let names: [String]
    /// C and C++ libraries.
    let libraries: Set<String>
    /// Command-line programs.
    let programs: Set<String>
    /// What each target with Swift files names as its dependencies, by its folder: `Sources/JSON`, `Tests/JSON`.
    let dependencies: [String: Set<String>]

    /// - Parameter manifest: text of Package.swift.
    init(_ manifest: String) {
        let found = manifest.matches(of: /(module|program|\.systemLibrary|\.target)\(\s*(?:name:\s*)?"([^"]+)"/)
        names = found.map { String($0.2) }
        libraries = Set(found.filter { $0.1.hasPrefix(".") }.map { String($0.2) })
        programs = Set(found.filter { $0.1 == "program" }.map { String($0.2) })
        let swift = manifest.matches(of: /(module|program|tests)\(\s*"([^"]+)"(?:,\s*\[([^\]]*)\])?/)
        dependencies = Dictionary(
            uniqueKeysWithValues: swift.map { target in
                (
                    (target.1 == "tests" ? "Tests/" : "Sources/") + target.2,
                    Set((target.3 ?? "").matches(of: /"([^"]+)"/).map { String($0.1) })
                )
            })
    }
}
