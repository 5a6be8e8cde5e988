// SPDX-License-Identifier: Apache-2.0

/// Cuts a list document into its items while it arrives, so that neither the document nor its tree is ever held as a whole.
///
/// It follows strings and brackets only; each piece it cuts out is read by the JSON reader, which checks it.
struct ListScanner {
    enum Piece: Equatable {
        case item([UInt8])
        /// The list's own `metadata`.
        case metadata([UInt8])
    }

    enum Failure: Error, Equatable { case pieceTooLarge, notAList }

    private let pieceBytesMax: Int
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// Whether the next string at depth 1 is a key.
    private var expectsKey = false
    private var isInKey = false
    private var key: [UInt8] = []
    /// The piece being cut out, and the depth it ends at.
    private var piece: [UInt8] = []
    private var pieceDepth: Int?
    /// Whether the whole document has been seen.
    private(set) var isComplete = false

    private static let longestKey = 256

    init(pieceBytesMax: Int) { self.pieceBytesMax = pieceBytesMax }

    /// Takes the next bytes and hands over each piece that they complete.
    mutating func scan(_ bytes: [UInt8], _ found: (Piece) throws -> Void) throws {
        for byte in bytes {
            if pieceDepth != nil {
                guard piece.count < pieceBytesMax else { throw Failure.pieceTooLarge }
                piece.append(byte)
            }
            if isInString {
                try scanString(byte)
            } else {
                try scanStructure(byte, found)
            }
        }
    }

    private mutating func scanString(_ byte: UInt8) throws {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
            isInKey = false
            return
        }
        if isInKey {
            guard key.count < Self.longestKey else { throw Failure.notAList }
            key.append(byte)
        }
    }

    private mutating func scanStructure(_ byte: UInt8, _ found: (Piece) throws -> Void) throws {
        switch byte {
        case UInt8(ascii: "\""):
            guard depth > 0 else { throw Failure.notAList }
            isInString = true
            if depth == 1, expectsKey {
                isInKey = true
                expectsKey = false
                key.removeAll(keepingCapacity: true)
            }
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard !isComplete, depth > 0 || byte == UInt8(ascii: "{") else { throw Failure.notAList }
            if pieceDepth == nil, byte == UInt8(ascii: "{"), startsPiece {
                pieceDepth = depth
                piece = [byte]
            }
            depth += 1
            if depth == 1 { expectsKey = true }
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            guard depth > 0 else { throw Failure.notAList }
            depth -= 1
            if depth == pieceDepth {
                pieceDepth = nil
                var whole: [UInt8] = []
                swap(&whole, &piece)
                try found(depth == 1 ? .metadata(whole) : .item(whole))
            }
            if depth == 0 { isComplete = true }
        case UInt8(ascii: ","):
            if depth == 1 { expectsKey = true }
        default:
            break
        }
    }

    /// Whether an object that begins here is the list's metadata or one of its items.
    private var startsPiece: Bool {
        switch depth {
        case 1: key == Array("metadata".utf8)
        case 2: key == Array("items".utf8)
        default: false
        }
    }
}
