/// The form of a name that a stranger gave, in a line of the server's log.
///
/// A valid name stays as it is. Any other text is cut to ``Limits/loggedNameBytes`` and quoted as a JSON string in ASCII. No name begins
/// with a quotation mark and nothing within the quotes ends them, so a stranger cannot forge the words around a name.
public enum LoggedName {
    public static func text(_ name: String) -> String {
        Name.isOne(name) ? name : JSONText.quotedInASCII(SafeText.cut(name))
    }
}
