import Foundation
import TestSupport

extension TemporaryFolder {
    /// The path of a file in the folder.
    subscript(name: String) -> String { file(name) }

    /// Writes a file in the folder and returns its path.
    @discardableResult func write(_ text: String, to name: String) throws -> String { try write(Data(text.utf8), to: name) }

    @discardableResult func write(_ data: Data, to name: String) throws -> String { try write(name, Array(data)) }

    func data(_ name: String) throws -> Data { Data(try read(name)) }
}
