// SPDX-License-Identifier: Apache-2.0
import Glibc

/// libFuzzer calls this for every input; FLOTILLA_FUZZ names the target.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> Int32 {
    Entry.target.run(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}

private enum Entry {
    static let target: Target = {
        let name = getenv("FLOTILLA_FUZZ").map { String(cString: $0) } ?? ""
        guard let target = Target(rawValue: name) else {
            let text = Array("FLOTILLA_FUZZ must be yaml, json, kustomize or template\n".utf8)
            write(2, text, text.count)
            exit(2)
        }
        return target
    }()
}
