import LinearAlgebra

/// The channels in a checkpoint: constants in `model.json`, numbers in `model.safetensors`.
extension TrainedChannels {
    private enum Name {
        static let starts = "neighbours.starts"
        static let columns = "neighbours.columns"
        static let values = "neighbours.values"
        static let popularity = "items.popularity"
    }

    /// Calls `body` with the tensors to write.
    func withSources<Result>(_ body: ([Safetensors.Source]) throws -> Result) rethrows -> Result {
        let table = sparse?.table
        return try (table?.starts ?? []).withUnsafeBufferPointer { starts in
            try (table?.columns ?? []).withUnsafeBufferPointer { columns in
                try (table?.values ?? []).withUnsafeBufferPointer { values in
                    try popularity.withUnsafeBufferPointer { popularity in
                        var sources: [Safetensors.Source] = []
                        if table != nil {
                            sources.append(Safetensors.Source(name: Name.starts, integers: starts))
                            sources.append(Safetensors.Source(name: Name.columns, integers: columns))
                            sources.append(
                                Safetensors.Source(name: Name.values, shape: [values.count], values: values))
                        }
                        if !popularity.isEmpty {
                            sources.append(
                                Safetensors.Source(
                                    name: Name.popularity, shape: [popularity.count], values: popularity))
                        }
                        return try body(sources)
                    }
                }
            }
        }
    }

    /// Reads and checks the channels of a checkpoint of so many items.
    ///
    /// - Parameter description: the path of `model.json`, for messages.
    init(
        _ constants: Channels, time: Int64, items: Int, file: Safetensors.File, description: String
    ) throws(CheckpointError) {
        if let fault = constants.fault {
            throw CheckpointError(.malformed, file: description, "channels: \(fault)")
        }
        var sparse: SparseChannel?
        if let settings = constants.sparse {
            sparse = SparseChannel(settings: settings, table: try Self.table(file, items: items))
        }
        let popularity = constants.motion == nil ? [] : try file.floats(Name.popularity, count: items)
        self.init(constants, sparse: sparse, popularity: popularity, time: time)
    }

    private static func table(_ file: Safetensors.File, items: Int) throws(CheckpointError) -> NeighbourTable {
        let starts = try file.integers(Name.starts, count: items + 1)
        let count = file.length(Name.columns) ?? 0
        let columns = try file.integers(Name.columns, count: count)
        let values = try file.floats(Name.values, count: count)
        guard starts.first == 0, Int(starts[items]) == count, zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
        else {
            throw CheckpointError(
                .malformed, file: file.file, tensor: Name.starts,
                "must ascend from 0 to \(count), the number of entries")
        }
        if let entry = values.firstIndex(where: { !($0 > 0 && $0 <= 1e6) }) {
            throw CheckpointError(
                .malformed, file: file.file, tensor: Name.values,
                "entry \(entry) is \(values[entry]), must be above 0 and at most 1000000")
        }
        for row in 0..<items {
            var previous: Int32 = -1
            for entry in Int(starts[row])..<Int(starts[row + 1]) {
                guard columns[entry] > previous, Int(columns[entry]) < items else {
                    throw CheckpointError(
                        .malformed, file: file.file, tensor: Name.columns,
                        "entry \(entry) is \(columns[entry]): a row's items must ascend, each below \(items)")
                }
                previous = columns[entry]
            }
        }
        return NeighbourTable(starts: starts, columns: columns, values: values)
    }
}
