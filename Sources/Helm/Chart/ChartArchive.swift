// SPDX-License-Identifier: Apache-2.0
import Compression

/// A packaged chart: a gzipped tar (POSIX.1-2001 ustar and pax, and GNU's long names) whose files lie in one folder.
enum ChartArchive {
    private static let block = 512

    /// The files, by their paths below the archive's folder.
    static func files(_ bytes: [UInt8], _ budget: inout ChartBudget) throws(HelmFailure) -> [Chart.File] {
        let tar: [UInt8]
        do throws(GzipError) {
            // Headers and padding come on top of what the files take.
            tar = try Gzip.decompress(bytes, limit: budget.bytesLeft + budget.limits.filesMax * 2 * block)
        } catch {
            throw HelmFailure(.chart, "the archive is not readable: \(error)")
        }
        var files: [Chart.File] = []
        var offset = 0
        var longName: String?
        while offset + block <= tar.count {
            let header = tar[offset..<(offset + block)]
            if header.allSatisfy({ $0 == 0 }) { break }
            guard checksumFits(header) else { throw damaged("a header's checksum is wrong") }
            guard let size = number(header, 124, 12), size <= tar.count - offset - block else { throw damaged("it ends too early") }
            let content = tar[(offset + block)..<(offset + block + size)]
            offset += block + (size + block - 1) / block * block
            switch header[header.startIndex + 156] {
            case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
                let name = try path(longName ?? self.name(header))
                longName = nil
                try budget.take(size, name)
                files.append(Chart.File(name: name, bytes: ChartReading.withoutMark(Array(content))))
            case UInt8(ascii: "x"): longName = try paxPath(content) ?? longName
            case UInt8(ascii: "L"): longName = text(content)
            case UInt8(ascii: "5"), UInt8(ascii: "g"), UInt8(ascii: "K"):
                longName = nil
            default: throw damaged("'\(longName ?? name(header))' is neither a file nor a folder")
            }
        }
        guard !files.isEmpty else { throw HelmFailure(.chart, "no files in chart archive") }
        return files
    }

    private static func damaged(_ reason: String) -> HelmFailure { HelmFailure(.chart, "the archive is damaged: \(reason)") }

    /// The path below the archive's folder: the first part is dropped, `.` too, and nothing may lead out.
    private static func path(_ name: String) throws(HelmFailure) -> String {
        let separator: Character = name.contains("\\") ? "\\" : "/"
        let parts = name.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.first != "Chart.yaml" else { throw HelmFailure(.chart, "chart yaml not in base directory") }
        let rest = parts.dropFirst()
        guard rest.first?.isEmpty != true || rest.count == 0 else {
            throw HelmFailure(.chart, "chart illegally contains absolute paths")
        }
        var clean: [Substring] = []
        for part in rest where !part.isEmpty && part != "." {
            guard part == ".." else {
                clean.append(part)
                continue
            }
            guard clean.popLast() != nil else { throw HelmFailure(.chart, "chart illegally references parent directory") }
        }
        guard let first = clean.first else {
            throw HelmFailure(.chart, "chart illegally contains content outside the base directory: \"\(name)\"")
        }
        guard !first.hasPrefix(".."), !(first.utf8.count == 2 && first.hasSuffix(":")), !name.utf8.contains(0) else {
            throw HelmFailure(.chart, "chart contains illegally named files")
        }
        return clean.joined(separator: "/")
    }

    // MARK: - Headers

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

    private static func field(_ header: ArraySlice<UInt8>, _ offset: Int, _ count: Int) -> ArraySlice<UInt8> {
        header[(header.startIndex + offset)..<(header.startIndex + offset + count)]
    }

    private static func name(_ header: ArraySlice<UInt8>) -> String {
        let name = text(field(header, 0, 100))
        guard text(field(header, 257, 5)) == "ustar" else { return name }
        // GNU's own format uses the prefix's place for something else.
        guard field(header, 262, 2).elementsEqual([0, UInt8(ascii: "0")]) || field(header, 262, 1).first == 0 else { return name }
        let prefix = text(field(header, 345, 155))
        return prefix.isEmpty ? name : "\(prefix)/\(name)"
    }

    /// Octal digits, or GNU's base 256.
    private static func number(_ header: ArraySlice<UInt8>, _ offset: Int, _ count: Int) -> Int? {
        let bytes = field(header, offset, count)
        guard let first = bytes.first else { return nil }
        if first & 0x80 != 0 {
            var value = Int(first & 0x7F)
            for byte in bytes.dropFirst() {
                guard value < 1 << 48 else { return nil }
                value = value << 8 | Int(byte)
            }
            return value
        }
        let digits = bytes.filter { $0 != 0 && $0 != UInt8(ascii: " ") }
        guard !digits.isEmpty else { return 0 }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 >= 0 ? $0 : nil }
    }

    private static func checksumFits(_ header: ArraySlice<UInt8>) -> Bool {
        guard let expected = number(header, 148, 8) else { return false }
        var sum = 0
        for (index, byte) in header.enumerated() { sum += (148..<156).contains(index) ? 32 : Int(byte) }
        return sum == expected
    }

    /// The `path` of a pax header: lines of `length key=value`.
    private static func paxPath(_ content: ArraySlice<UInt8>) throws(HelmFailure) -> String? {
        var rest = content
        var found: String?
        while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
            guard let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > space - rest.startIndex + 1,
                length <= rest.count
            else { throw damaged("an extended header is malformed") }
            let record = rest[space..<(rest.startIndex + length)].dropFirst()
            rest = rest[(rest.startIndex + length)...]
            if let equals = record.firstIndex(of: UInt8(ascii: "=")), record[..<equals].elementsEqual("path".utf8) {
                found = String(decoding: record[equals...].dropFirst().dropLast(), as: UTF8.self)
            }
        }
        return found
    }
}
