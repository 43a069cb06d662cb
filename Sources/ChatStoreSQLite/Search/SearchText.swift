import Foundation

/// The normal form of a text for search. Messages and search words both take it, so they match however they are written.
///
/// Case and accents make no difference in any script: compatibility forms are decomposed (Unicode Normalization Form KD), marks that only
/// modify pronunciation are dropped, and letters are case-folded. In scripts without spaces between words each character is a word of the
/// index, so adjacent characters are found anywhere in a text.
enum SearchText {
    static func folded(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        var folded = String.UnicodeScalarView()
        for scalar in text.decomposedStringWithCompatibilityMapping.unicodeScalars {
            if isAccent(scalar) { continue }
            // Mapping to upper and then to lower case makes ß, ς and ı the same letters as ss, σ and i.
            let upper = scalar.properties.uppercaseMapping.unicodeScalars
            for letter in upper { folded.append(contentsOf: letter.properties.lowercaseMapping.unicodeScalars) }
        }
        // Composes syllables of Hangul into characters again.
        var separated = String.UnicodeScalarView()
        var isBehindUnspaced = false
        for scalar in String(folded).precomposedStringWithCanonicalMapping.unicodeScalars {
            let isMark = scalar.properties.generalCategory == .nonspacingMark || scalar.properties.generalCategory == .spacingMark
            if !isMark {
                let isUnspaced = isUnspaced(scalar)
                if isUnspaced || isBehindUnspaced { separated.append(" ") }
                isBehindUnspaced = isUnspaced
            }
            separated.append(scalar)
        }
        return String(separated)
    }

    /// Decides by the combining class. In Indic, Thai, Lao and Tibetan scripts marks are vowels, and stay; so do the voicing marks of kana.
    private static func isAccent(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.generalCategory == .format { return scalar != "\u{200B}" }
        return switch scalar.properties.canonicalCombiningClass.rawValue {
        // Overlays; nuktas; points of Hebrew, Arabic and Syriac; marks around letters of all other scripts.
        case 1, 7, 10...36, 200...: true
        default: false
        }
    }

    /// Han, kana, Bopomofo, Hangul, Yi; Thai, Lao, Tibetan, Burmese, Khmer and their neighbours.
    private static func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x0E00 else { return false }
        switch scalar.value {
        case 0x0E00...0x0FFF, 0x1000...0x109F, 0x1100...0x11FF, 0x1780...0x17FF, 0x1950...0x1AAF, 0x1B00...0x1B7F, 0x2E80...0x2FDF,
            0x3005...0x3007, 0x3021...0x3029, 0x3031...0x303C, 0x3041...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xA980...0xA9FF, 0xAA60...0xAADF, 0xAC00...0xD7FF, 0xF900...0xFAFF, 0x1B000...0x1B16F, 0x20000...0x3FFFF:
            return true
        default: return false
        }
    }
}
