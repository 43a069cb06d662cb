/// `chatty --version`.
enum VersionText {
    static func text() -> String {
        """
        chatty \(Product.version)
        Licence: \(Product.licence)
        """ + "\n"
    }
}
