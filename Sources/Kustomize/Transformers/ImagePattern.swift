// SPDX-License-Identifier: Apache-2.0
import Manifests
import RegularExpressions

/// Which images an entry of `images` means: those of the name, with any tag and digest.
///
/// kustomize makes a regular expression of the name as it is, so `.` is any character, and `.*/nginx` any registry's. Nearly all names have
/// nothing else of one, and are compared without it.
struct ImagePattern {
    private enum Form {
        /// Letters, digits and separators; `.` is any character.
        case plain([UInt8])
        case expression(RegularExpression)
    }

    private let form: Form

    init(_ name: String, at entry: Node) throws(KustomizeFailure) {
        if name.utf8.allSatisfy({ Self.isPlain($0) || $0 == UInt8(ascii: ".") }) {
            form = .plain(Array(name.utf8))
            return
        }
        do throws(RegularExpressionError) {
            form = .expression(try RegularExpression("^\(name)(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$"))
        } catch {
            throw (entry["name"] ?? entry).failure(
                "wrong-pattern", "the name \(name) is no regular expression: \(error)", hint: "put \\ before special characters")
        }
    }

    func matches(_ image: String) -> Bool {
        switch form {
        case .plain(let name): Self.matches(image.utf8, name)
        case .expression(let expression): expression.matches(image)
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "@"):
            true
        default: false
        }
    }

    private static func matches(_ image: String.UTF8View, _ name: [UInt8]) -> Bool {
        var rest = image[...]
        for byte in name {
            guard let next = rest.popFirst() else { return false }
            if byte != UInt8(ascii: ".") {
                guard next == byte else { return false }
            } else {
                guard next != UInt8(ascii: "\n") else { return false }
                // One character may be several bytes.
                if next >= 0xC0 { while let byte = rest.first, byte & 0xC0 == 0x80 { rest.removeFirst() } }
            }
        }
        if rest.isEmpty { return true }
        func skipWord() {
            while let byte = rest.first, isPlain(byte) || ".{}".utf8.contains(byte), !"/:@".utf8.contains(byte) { rest.removeFirst() }
        }
        if rest.first == UInt8(ascii: ":") {
            rest.removeFirst()
            skipWord()
        }
        if rest.starts(with: "@sha256:".utf8) {
            rest.removeFirst("@sha256:".utf8.count)
            skipWord()
        }
        return rest.isEmpty
    }
}
