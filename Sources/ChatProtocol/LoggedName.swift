/// A name as somebody gave it, in a line of the server's log.
///
/// What can be a name is shown as it is. All else is quoted, as a JSON string in ASCII, and no more of it than ``Limits/loggedNameBytes``: no name begins with a quotation mark,
/// and within one nothing ends it, so whatever a stranger calls himself, the words around it are the server's.
public enum LoggedName {
    public static func text(_ name: String) -> String {
        Name.isOne(name) ? name : JSONText.quotedInASCII(SafeText.cut(name))
    }
}
