import Bytes

extension RecommendationList.Lineage {
    /// The list's identity: the first 32 hexadecimal digits of the SHA-256 of a canonical binary form of the lineage.
    ///
    /// The form is a version byte, then the fields in a fixed order, strings after their length, catalogue offsets by ascending
    /// partition: no two lineages share one. A change of the form needs another version.
    public func listID() throws(SHA256.Unavailable) -> String {
        var form = ByteWriter(reserving: 192)
        form.integer(UInt8(1))
        form.string(source.topic)
        form.integer(source.partition)
        form.integer(source.offset)
        switch trigger {
        case .event(let id):
            form.string("event")
            form.integer(UInt8(id == nil ? 0 : 1))
            form.string(id ?? "")
        }
        form.string(modelVersion)
        form.string(indexVersion)
        form.string(configuration)
        form.count(catalogue.count)
        for (partition, offset) in catalogue.sorted(by: { $0.key < $1.key }) {
            form.integer(partition)
            form.integer(offset)
        }
        return Array(try SHA256.digest(of: form.bytes).prefix(16)).hexadecimal
    }
}
