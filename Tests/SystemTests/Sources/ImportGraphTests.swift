// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite("Import graph") struct ImportGraphTests {
    @Test("modules import only what lies below them")
    func layers() throws {
        for file in try PackageFolder.swiftFiles(below: "Sources") {
            guard let allowed = ModuleRules.ours[file.module] else {
                Issue.record("\(file.path): the module '\(file.module)' has no rule")
                continue
            }
            for module in ModuleRules.imports(of: file.text) where ModuleRules.isOurs(module) {
                #expect(allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test("small and pure modules import little else")
    func others() throws {
        for file in try PackageFolder.swiftFiles(below: "Sources") {
            guard let allowed = ModuleRules.others[file.module] else { continue }
            for module in ModuleRules.imports(of: file.text) where !ModuleRules.isOurs(module) {
                #expect(allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test("each C library has one wrapper")
    func wrappers() {
        for library in ModuleRules.wrapped {
            #expect(ModuleRules.ours.values.filter { $0.contains(library) }.count == 1, "\(library)")
        }
    }

    @Test("the rules themselves have no cycle")
    func cycles() {
        var rest = ModuleRules.ours
        while let next = rest.first(where: { entry in entry.value.allSatisfy { rest[$0] == nil } }) { rest[next.key] = nil }
        #expect(rest.isEmpty, "\(rest.keys.sorted())")
    }

    @Test(
        "imports are read whatever stands before them",
        arguments: [
            ("import Glibc", "Glibc"), ("package import Manifests", "Manifests"), ("@testable import flotilla", "flotilla"),
            ("internal import struct Foundation.Data", "Foundation"), ("@preconcurrency package import NIOCore", "NIOCore"),
        ])
    func reading(_ line: String, _ module: String) { #expect(ModuleRules.imports(of: "// import Not\n\(line)\n") == [module]) }
}
