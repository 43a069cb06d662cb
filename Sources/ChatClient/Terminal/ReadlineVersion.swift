// `@preconcurrency` because the version is a C variable, which nothing writes.
@preconcurrency import CReadline

/// The version of the linked readline, such as `8.2`.
public enum ReadlineVersion {
    public static var linked: String { rl_library_version.map { String(cString: $0) } ?? "unknown" }
}
