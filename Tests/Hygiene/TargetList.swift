/// The targets of Package.swift in their order.
struct TargetList {
    /// Every target but the tests, the first one first.
    let names: [String]
    /// C and C++ libraries.
    let libraries: Set<String>
    /// Command-line programs.
    let programs: Set<String>

    /// - Parameter manifest: text of Package.swift.
    init(_ manifest: String) {
        let found = manifest.matches(of: /(module|program|\.systemLibrary|\.target)\(\s*(?:name:\s*)?"([^"]+)"/)
        names = found.map { String($0.2) }
        libraries = Set(found.filter { $0.1.hasPrefix(".") }.map { String($0.2) })
        programs = Set(found.filter { $0.1 == "program" }.map { String($0.2) })
    }
}
