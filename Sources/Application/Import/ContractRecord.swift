import Commerce
import JSON

/// A record that the contract knows a key and a form for.
public protocol ContractRecord {
    /// The record's key in Kafka, which decides its partition.
    var key: [UInt8] { get }
    /// The record's value; throws where a number has no JSON form.
    func encoded() throws(JSONError) -> [UInt8]
}

extension Event: ContractRecord {}
extension CatalogueItem: ContractRecord {}
