// swift-tools-version: 6.2
import PackageDescription

// A target may import only what stands above it in this list, and names what it imports (Tests/Hygiene checks both).
// Warnings are errors. C targets are always optimised: they hold the kernels and the parsers.
let swiftSettings: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let cSettings: [CSetting] = [.unsafeFlags(["-O3", "-ffp-contract=off"]), .define("NDEBUG")]
let cxxSettings: [CXXSetting] = [.unsafeFlags(["-O3"]), .define("NDEBUG")]

/// A Swift library target with the package's settings.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], linking libraries: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, swiftSettings: swiftSettings,
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

/// The test target of a module.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies, path: "Tests/" + name, swiftSettings: swiftSettings)
}

/// A command-line program.
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

let package = Package(
    name: "breadcrumb",
    targets: [
        // C and C++ libraries: a module map and at most a shim each; one Swift module imports each.
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCsv", providers: [.apt(["libcsv-dev"])]),
        .systemLibrary(name: "CLibrdkafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CMicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .target(
            name: "CSimdjson", cxxSettings: cxxSettings,
            linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),
        .target(
            name: "CTomlplusplus", cxxSettings: cxxSettings,
            linkerSettings: [.linkedLibrary("tomlplusplus"), .linkedLibrary("stdc++")]),
        .target(name: "CKernels", cSettings: cSettings),

        // Foundations.
        module("Bytes", ["CZlib", "CCrypto"]),
        module("JSON", ["CSimdjson", "Bytes"]),
        module("Observability", ["CMicrohttpd", "JSON"]),
        module("Configuration", ["CTomlplusplus"]),
        module("LinearAlgebra", ["CKernels", "COpenBLAS"]),

        // The core: neither Kafka nor Redis.
        module("Commerce", ["Bytes", "JSON"]),
        module("Datasets", ["CCsv", "Bytes", "Commerce"]),
        module("TwoTower", ["Bytes", "LinearAlgebra", "Commerce"]),
        module("Retrieval", ["Bytes", "LinearAlgebra", "Commerce"]),
        module("Evaluation", ["LinearAlgebra", "Commerce", "TwoTower"]),
        module("Streaming", ["Bytes", "Observability", "LinearAlgebra", "Commerce", "TwoTower", "Retrieval"]),

        // The outside world.
        module("Kafka", ["CLibrdkafka"]),
        module("Redis", ["CHiredis"]),
        module("Connectors", ["Observability", "Commerce", "Streaming", "Kafka", "Redis"]),
        module(
            "Application",
            [
                "Bytes", "JSON", "Observability", "Configuration", "LinearAlgebra", "Commerce", "Datasets", "TwoTower",
                "Retrieval", "Evaluation", "Streaming", "Kafka", "Redis", "Connectors",
            ]),
        program("breadcrumb", ["Application"]),
        program(
            "breadcrumb-bench",
            [
                "Application", "Observability", "Configuration", "LinearAlgebra", "Commerce", "Datasets", "TwoTower",
                "Retrieval", "Evaluation", "Streaming", "Kafka", "Redis",
            ]),

        tests("Bytes", ["Bytes"]),
        tests("JSON", ["JSON"]),
        tests("Observability", ["Observability", "JSON"]),
        tests("Configuration", ["Configuration"]),
        tests("LinearAlgebra", ["LinearAlgebra"]),
        tests("Commerce", ["Commerce", "Bytes"]),
        tests("Datasets", ["Datasets", "Commerce"]),
        tests("TwoTower", ["TwoTower", "LinearAlgebra", "Commerce"]),
        tests("Retrieval", ["Retrieval", "Bytes", "LinearAlgebra", "Commerce"]),
        tests("Evaluation", ["Evaluation", "LinearAlgebra", "Commerce", "Datasets", "TwoTower"]),
        tests(
            "Streaming",
            ["Streaming", "Bytes", "JSON", "Observability", "LinearAlgebra", "Commerce", "TwoTower", "Retrieval"]),
        tests("Kafka", ["Kafka"]),
        tests("Redis", ["Redis"]),
        tests(
            "Connectors",
            ["Connectors", "Streaming", "Retrieval", "TwoTower", "LinearAlgebra", "Kafka", "Redis", "Commerce"]),
        tests(
            "Application",
            [
                "Application", "Bytes", "Observability", "LinearAlgebra", "Configuration", "Commerce",
                "Datasets", "TwoTower", "Retrieval", "Evaluation", "Streaming", "Kafka", "Redis", "Connectors",
            ]),
        tests(
            "Integration",
            [
                "Application", "Bytes", "Observability", "Configuration", "LinearAlgebra", "Commerce", "Datasets",
                "TwoTower", "Streaming", "Kafka", "Redis", "Connectors",
            ]),
        tests("Hygiene", []),
    ],
    swiftLanguageModes: [.v6]
)

// Modules are optimised across each other, but SwiftPM makes a target anew only where one that it names has changed: after a change of a
// type two modules below, old code would go on with the old layout. So each target is told of all that it stands on.
var standsOn: [String: [String]] = [:]
for target in package.targets {
    let named = target.dependencies.compactMap { dependency in
        if case .byNameItem(let name, _) = dependency { name } else { nil }
    }
    let below = named.flatMap { standsOn[$0] ?? [] }.filter { !named.contains($0) }
    let all = named + Set(below).sorted()
    standsOn[target.name] = all
    target.dependencies = all.map { .byName(name: $0) }
}
