// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// No container engine is needed to see that a runtime stage has what its program loads.
@Suite("Containerfiles", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/dpkg-query"), "asks Debian's packages"))
struct ContainerfileTests {
    private static func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(PackageFolder.path)/docs/deploy/\(name).Containerfile", encoding: .utf8)
    }

    /// The packages that the last stage installs.
    private static func packages(_ text: String) -> [String] {
        let stage = text.components(separatedBy: "\nFROM ").last ?? ""
        let joined = stage.replacingOccurrences(of: "\\\n", with: " ")
        guard let line = joined.split(separator: "\n").first(where: { $0.contains("apt-get install") }) else { return [] }
        let part = line.components(separatedBy: "--no-install-recommends").last?.components(separatedBy: "&&").first ?? ""
        return part.split(separator: " ").map(String.init)
    }

    /// These packages, what they depend on, and what every Debian has.
    private static func closure(_ packages: [String]) async throws -> Set<String> {
        let result = try await run(
            "/usr/bin/dpkg-query", ["-W", "-f", "${Package}\t${Priority}\t${Pre-Depends}, ${Depends}\t${Provides}\n"])
        var depends: [String: [String]] = [:]
        var providers: [String: [String]] = [:]
        var open = packages
        for line in result.output.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 4 else { continue }
            func names(_ text: String) -> [String] {
                text.split { $0 == "," || $0 == "|" }.compactMap { item in
                    item.split { $0 == " " || $0 == ":" || $0 == "(" }.first.map(String.init)
                }
            }
            depends[fields[0]] = names(fields[2])
            for name in names(fields[3]) { providers[name, default: []].append(fields[0]) }
            if fields[1] == "required" { open.append(fields[0]) }
        }
        var closure: Set<String> = []
        while let next = open.popLast() {
            guard closure.insert(next).inserted else { continue }
            open += (depends[next] ?? []) + (providers[next] ?? [])
        }
        return closure
    }

    @Test(
        "the runtime stage installs the package of every library that the program loads",
        arguments: [("agent", "flotilla-agent"), ("coordinator", "flotilla")])
    func libraries(_ name: String, _ program: String) async throws {
        let packages = Self.packages(try Self.text(name))
        #expect(packages.contains("ca-certificates"))
        let closure = try await Self.closure(packages)
        let loaded = try await run("/usr/bin/ldd", [try PackageFolder.program(program)])
        #expect(loaded.code == 0)
        var seen = 0
        for line in loaded.output.split(separator: "\n") {
            let path = line.components(separatedBy: "=> ").last?.split(separator: " ").first.map(String.init) ?? ""
            // Swift's own libraries are linked into what is shipped.
            guard path.hasPrefix("/lib/") || path.hasPrefix("/usr/lib/") else { continue }
            let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            var owner = try await run("/usr/bin/dpkg-query", ["-S", real])
            // Debian's database knows files by the places from before /lib became a link.
            if owner.code != 0, real.hasPrefix("/usr/") { owner = try await run("/usr/bin/dpkg-query", ["-S", String(real.dropFirst(4))]) }
            let package = owner.output.split(separator: ":").first.map(String.init) ?? ""
            #expect(
                closure.contains(package), "\(path) is in \(package.isEmpty ? "no package" : package), which the stage does not install")
            seen += 1
        }
        #expect(seen > 10)
    }

    @Test("the program runs as nobody in particular", arguments: ["agent", "coordinator"])
    func user(_ name: String) throws {
        let stage = try #require(try Self.text(name).components(separatedBy: "\nFROM ").last)
        #expect(stage.contains("\nUSER 65532:65532\n"))
        #expect(stage.hasPrefix("docker.io/library/debian:bookworm-slim\n"))
        #expect(try Self.text(name).contains("--static-swift-stdlib"))
    }
}
