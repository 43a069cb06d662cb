/// Makes foreign text safe to show on a terminal: it cannot move the cursor, change colours, ring the bell, hide itself or reverse the
/// line.
///
/// Escape sequences are removed as a whole. Control characters (C0 except the tab, DEL, C1) and Unicode's layout controls (bidirectional
/// marks, embeddings, overrides and isolates, line and paragraph separators, interlinear and tag characters, invisible operators) are
/// dropped. Combining characters are kept, at most ``maximumCombining`` in a row, and so are the joiners that emoji and Indic scripts need.
/// A text with right-to-left letters is isolated (FSI ... PDI, UAX #9), so that it reverses only itself.
public enum SafeText {
    /// The most combining characters in a row, which is more than any script puts on one letter.
    public static let maximumCombining = 8

    /// The safe form of `text`.
    /// - Parameter isolates: whether text with right-to-left letters is put between isolates, as for a terminal, or not, as for a file.
    public static func shown(_ text: String, isolates: Bool = true) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var out = String.UnicodeScalarView()
        var combining = 0
        var hasRightToLeft = false
        for scalar in EscapeSequence.removed(from: text).unicodeScalars {
            guard !isDropped(scalar) else { continue }
            if isCombining(scalar) {
                combining += 1
                guard combining <= maximumCombining else { continue }
            } else {
                combining = 0
            }
            hasRightToLeft = hasRightToLeft || isRightToLeft(scalar)
            out.append(scalar)
        }
        let safe = String(out)
        return hasRightToLeft && isolates ? "\u{2068}" + safe + "\u{2069}" : safe
    }

    /// Whether a character is invisible or controls the layout; such characters are dropped from what people see.
    public static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09: false
        case 0x00...0x1F, 0x7F...0x9F: true
        case 0x061C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB, 0x180E, 0x115F, 0x1160, 0x3164,
            0xFFA0:
            true
        case 0xE0000...0xE007F where scalar.value < 0xE0020: true
        default: false
        }
    }

    /// The first `limit` bytes of a text, followed by `…` if anything is cut; whole Unicode scalars.
    public static func cut(_ text: String, to limit: Int = Limits.loggedNameBytes) -> String {
        text.utf8.count > limit ? beginning(of: text, limit) + "…" : text
    }

    /// The first `limit` bytes of a text; whole Unicode scalars.
    public static func beginning(of text: String, _ limit: Int = Limits.loggedNameBytes) -> String {
        guard text.utf8.count > limit else { return text }
        var kept = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            guard bytes <= limit else { break }
            kept.append(scalar)
        }
        return String(kept)
    }

    private static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: true
        default: false
        }
    }

    private static func isRightToLeft(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0590...0x08FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFE, 0x10800...0x10FFF, 0x1E800...0x1EFFF: true
        default: false
        }
    }
}
