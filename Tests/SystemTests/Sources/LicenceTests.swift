// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite("Licence") struct LicenceTests {
    @Test("every source file begins with its licence", arguments: ["Sources", "Tests"])
    func firstLine(_ folder: String) throws {
        let files = try PackageFolder.swiftFiles(below: folder)
        #expect(files.count > 10)
        for file in files {
            #expect(file.text.hasPrefix("// SPDX-License-Identifier: Apache-2.0\n"), "\(file.path)")
        }
    }
}
