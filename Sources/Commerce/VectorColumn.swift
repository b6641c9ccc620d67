/// A column of supplied vectors of the catalogue: the output of one other model (of images, texts, reviews), one an item.
public struct VectorColumn: Codable, Hashable, Sendable {
    /// The name under `vectors` of a catalogue record.
    public var name: String
    /// The number of components that every vector of the column has, 1 to `CatalogueDecoder.maximumVectorLength`.
    public var width: Int

    public init(name: String, width: Int) {
        self.name = name
        self.width = width
    }

    /// What is wrong with columns that belong together, or nil: names of 1 to 128 bytes, each once, and sound widths.
    public static func fault(of columns: [VectorColumn]) -> String? {
        guard columns.count <= CatalogueDecoder.maximumVectors else {
            return "there are \(columns.count) vector columns, more than the \(CatalogueDecoder.maximumVectors) allowed"
        }
        var names: Set<String> = []
        for column in columns {
            do { try Identifier.checkLength(column.name.utf8, "the name of a vector column") } catch {
                return error.detail
            }
            guard names.insert(column.name).inserted else {
                return "the vector column \(excerpt(column.name)) is there twice"
            }
            guard (1...CatalogueDecoder.maximumVectorLength).contains(column.width) else {
                return "the vector column \(excerpt(column.name)) has width \(column.width), must be 1 to "
                    + "\(CatalogueDecoder.maximumVectorLength)"
            }
        }
        return nil
    }
}
