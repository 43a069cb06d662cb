import Testing

@testable import Connectivity

/// The words are told apart, also by somebody who mistypes one.
@Suite struct CodeWordsTests {
    @Test func thereAre1296InOrder() {
        #expect(CodeWords.all.count == 1296 && Set(CodeWords.all).count == 1296)
        #expect(CodeWords.all == CodeWords.all.sorted())
    }

    @Test func eachHasFourToEightSmallLetters() {
        for word in CodeWords.all {
            #expect((4...8).contains(word.utf8.count) && word.utf8.allSatisfy { (0x61...0x7A).contains($0) }, "\(word)")
        }
    }

    /// One letter more, one less, another one, or two that change places.
    @Test func noMistypedLetterMakesAnotherWord() {
        let words = CodeWords.all.map { Array($0.utf8) }
        let known = Set(words)
        for word in words {
            for index in 0...word.count {
                for letter in 0x61...0x7A as ClosedRange<UInt8> {
                    var longer = word
                    longer.insert(letter, at: index)
                    #expect(!known.contains(longer), "\(word)")
                    guard index < word.count, letter != word[index] else { continue }
                    var other = word
                    other[index] = letter
                    #expect(!known.contains(other), "\(word)")
                }
                guard index + 1 < word.count, word[index] != word[index + 1] else { continue }
                var swapped = word
                swapped.swapAt(index, index + 1)
                #expect(!known.contains(swapped), "\(word)")
            }
        }
    }

    @Test func aWordIsFoundAndANearOneIsOffered() {
        for word in CodeWords.all { #expect(CodeWords.contains(word)) }
        for word in ["", "a", "zzzz", "guita", "guitars", "Guitar"] { #expect(!CodeWords.contains(word)) }
        #expect(CodeWords.nearest(to: "guitr") == "guitar")
        #expect(CodeWords.nearest(to: "ahaed") == "ahead")
        #expect(CodeWords.nearest(to: "qqqqqqqqqq") == nil)
    }
}
