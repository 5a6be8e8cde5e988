// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Plain manifests: the `.yaml`, `.yml` and `.json` files of one folder (not of those below it) in byte order, or one file.
enum PlainManifests {
    static func isManifest(_ path: String) -> Bool { path.hasSuffix(".yaml") || path.hasSuffix(".yml") || path.hasSuffix(".json") }

    static func read(folder: String, from tree: some FileTree, _ limits: RenderLimits) throws(RenderFailure) -> [SourceObject] {
        var files: [String] = []
        do {
            for name in try tree.list(folder) where isManifest(name) {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                let real = try tree.resolve(path)
                if case .file = try tree.entry(at: real) { files.append(real) }
            }
        } catch {
            throw RenderFailure(RenderError(code: "unreadable", path: folder, message: "\(error)"))
        }
        guard files.count <= limits.filesMax else {
            throw RenderFailure(
                RenderError(
                    code: "too-many-files", path: folder, message: "\(files.count) manifests, more than the limit of \(limits.filesMax)"))
        }
        var objects: [SourceObject] = []
        var errors: [RenderError] = []
        for file in files {
            do throws(RenderFailure) {
                objects += try read(file: file, from: tree, limits)
            } catch {
                errors += error.errors
            }
        }
        guard errors.isEmpty else { throw RenderFailure(errors) }
        return objects
    }

    static func read(file path: String, from tree: some FileTree, _ limits: RenderLimits) throws(RenderFailure) -> [SourceObject] {
        let bytes: [UInt8]
        do {
            bytes = try tree.read(path, limit: limits.fileBytesMax)
        } catch {
            throw RenderFailure(RenderError(code: "unreadable", path: path, message: "\(error)"))
        }
        do throws(DocumentError) {
            let documents =
                path.hasSuffix(".json")
                ? [try JSON.read(bytes, limits: limits.documents)] : try YAML.documents(bytes, limits: limits.documents)
            var objects: [SourceObject] = []
            for (index, document) in documents.enumerated() { collect(document, path, index, [], into: &objects) }
            return objects
        } catch {
            throw RenderFailure(
                RenderError(
                    code: error.code, path: path, line: error.line > 0 ? error.line : nil, column: error.line > 0 ? error.column : nil,
                    message: error.message))
        }
    }

    /// Opens `kind: List` and the like.
    private static func collect(
        _ document: Value, _ path: String, _ index: Int, _ steps: [PathStep], into objects: inout [SourceObject]
    ) {
        if document.isNull || document.map?.isEmpty == true { return }
        if let kind = document["kind"]?.string, kind.hasSuffix("List"), let items = document["items"], items.isNull || items.list != nil {
            for (position, item) in (items.list ?? []).enumerated() {
                collect(item, path, index, steps + ["items", .index(position)], into: &objects)
            }
            return
        }
        objects.append(SourceObject(value: document, path: path, document: index, steps: steps))
    }
}
