import Foundation

/// Writes text for people to standard error, where progress and complaints stand; standard output holds results alone.
func tell(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
}
