// SPDX-License-Identifier: Apache-2.0
import Manifests

/// Reads a kustomization from its document, and says everything that is wrong with it at once.
struct KustomizationReader {
    private let file: SourceFile
    private var problems: [KustomizeProblem] = []

    static func read(_ file: SourceFile, folder: String) throws(KustomizeFailure) -> Kustomization {
        var reader = KustomizationReader(file: file)
        let kustomization = reader.read(folder: folder)
        guard reader.problems.isEmpty else { throw KustomizeFailure(reader.problems) }
        return kustomization
    }

    private init(file: SourceFile) { self.file = file }

    private func place(_ code: String, _ message: String, at steps: [PathStep]) -> Kustomization.Place {
        Kustomization.Place(file: file, code: code, message: message, steps: steps)
    }

    private mutating func report(_ code: String, _ message: String, at steps: [PathStep], key: Bool = false, hint: String? = nil) {
        problems.append(file.problem(code, message, at: steps, key: key, hint: hint))
    }

    private mutating func read(folder: String) -> Kustomization {
        var result = Kustomization(folder: folder, path: file.path)
        let documents = file.documents.filter { !$0.isNull }
        guard let document = documents.first, case .map(let fields) = document, !fields.isEmpty else {
            report("empty", "the kustomization is empty", at: [])
            return result
        }
        if documents.count > 1 { report("syntax", "a kustomization is a single document", at: []) }
        if let kind = fields["kind"], kind.string != "Kustomization" {
            let later = kind.string == "Component"
            report(
                later ? "not-yet" : "wrong-kind",
                later ? "kind Component: not yet" : "kind must be Kustomization, not \(kind.scalarText ?? kind.kindName)",
                at: [.key("kind")])
        }
        if let version = fields["apiVersion"], version.string != "kustomize.config.k8s.io/v1beta1", fields["kind"] != "Component" {
            report(
                "wrong-version", "apiVersion must be kustomize.config.k8s.io/v1beta1, not \(version.scalarText ?? version.kindName)",
                at: [.key("apiVersion")])
        }
        for field in fields {
            if field.value.isNull, Kustomization.known.contains(field.key) || Kustomization.later.contains(field.key) { continue }
            switch field.key {
            case "apiVersion", "kind": continue
            case "metadata": _ = map(field.value, at: [.key("metadata")])
            case "resources": result.resources = references(field.value, at: [.key("resources")])
            case "namespace": result.namespace = string(field.value, at: [.key("namespace")])
            case "images": result.images = items(field.value, at: [.key("images")]).compactMap { image($0.0, at: $0.1) }
            case "replicas": result.replicas = items(field.value, at: [.key("replicas")]).compactMap { replica($0.0, at: $0.1) }
            case "patches": result.patches = items(field.value, at: [.key("patches")]).compactMap { patch($0.0, at: $0.1) }
            default:
                if Kustomization.later.contains(field.key) {
                    report("not-yet", "field \(field.key): not yet", at: [.key(field.key)], key: true)
                } else {
                    report("unknown-field", "unknown field \(field.key)", at: [.key(field.key)], key: true)
                }
            }
        }
        return result
    }

    // MARK: - Members

    private mutating func image(_ value: Value, at steps: [PathStep]) -> Kustomization.Image? {
        guard let fields = map(value, at: steps, known: ["name", "newName", "newTag", "tagSuffix", "digest"]) else { return nil }
        guard let name = fields["name"], let text = string(name, at: steps + [.key("name")]), !text.isEmpty else {
            report("missing-field", "the image has no name", at: steps)
            return nil
        }
        guard let pattern = pattern(text, at: steps + [.key("name")]) else { return nil }
        var image = Kustomization.Image(name: pattern)
        image.newName = scalar(fields, "newName", at: steps)
        image.newTag = scalar(fields, "newTag", at: steps)
        image.tagSuffix = scalar(fields, "tagSuffix", at: steps)
        image.digest = scalar(fields, "digest", at: steps)
        if image.tagSuffix != nil, image.newTag != nil || image.digest != nil {
            report("conflict", "tagSuffix cannot be used with newTag or digest", at: steps)
        }
        return image
    }

    private mutating func replica(_ value: Value, at steps: [PathStep]) -> Kustomization.Replica? {
        guard let fields = map(value, at: steps, known: ["name", "count"]) else { return nil }
        guard let name = fields["name"], let text = string(name, at: steps + [.key("name")]), !text.isEmpty else {
            report("missing-field", "the entry has no name", at: steps)
            return nil
        }
        guard let count = (fields["count"] ?? 0).int else {
            report("wrong-type", "count must be an integer", at: steps + [.key("count")])
            return nil
        }
        return Kustomization.Replica(
            name: text, count: count, written: place("no-match", "nothing with replicas is named \(text)", at: steps))
    }

    private mutating func patch(_ value: Value, at steps: [PathStep]) -> Kustomization.Patch? {
        guard let fields = map(value, at: steps, known: ["path", "patch", "target", "options"]) else { return nil }
        if let options = fields["options"], !options.isNull, let options = map(options, at: steps + [.key("options")]) {
            for option in options where option.value != false {
                let known = option.key == "allowNameChange" || option.key == "allowKindChange"
                report(
                    known ? "not-yet" : "unknown-field", known ? "patch option \(option.key): not yet" : "unknown option \(option.key)",
                    at: steps + [.key("options"), .key(option.key)], key: true)
            }
        }
        var target: Selector?
        if let value = fields["target"], !value.isNull { target = selector(value, at: steps + [.key("target")]) }
        let path = fields["path"].flatMap { $0.isNull ? nil : string($0, at: steps + [.key("path")]) } ?? ""
        let inline = fields["patch"].flatMap { $0.isNull ? nil : string($0, at: steps + [.key("patch")]) } ?? ""
        let written = place("patch", "the patch", at: steps)
        switch (path.isEmpty, inline.isEmpty) {
        case (true, true):
            report("missing-field", "a patch needs a path or an inline patch", at: steps)
            return nil
        case (false, false):
            report("conflict", "a patch has a path or an inline patch, not both", at: steps)
            return nil
        case (false, true):
            let reference = Kustomization.Reference(
                text: path, written: place("reference", "patch \(path)", at: steps + [.key("path")]))
            return Kustomization.Patch(source: .file(reference), target: target, written: written)
        case (true, false): return Kustomization.Patch(source: .inline(inline), target: target, written: written)
        }
    }

    private mutating func selector(_ value: Value, at steps: [PathStep]) -> Selector? {
        let known = ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"]
        guard let fields = map(value, at: steps, known: known) else { return nil }
        var selector = Selector()
        for field in fields where !field.value.isNull {
            let place = steps + [.key(field.key)]
            guard let text = scalar(fields, field.key, at: steps), !text.isEmpty else { continue }
            switch field.key {
            case "group": selector.group = text
            case "version": selector.version = text
            case "kind": selector.kind = pattern(text, at: place)
            case "name": selector.name = pattern(text, at: place)
            case "namespace": selector.namespace = pattern(text, at: place)
            case "labelSelector": selector.labels = labels(text, at: place)
            case "annotationSelector": selector.annotations = labels(text, at: place)
            default: continue
            }
        }
        return selector
    }

    private mutating func pattern(_ text: String, at steps: [PathStep]) -> Pattern? {
        if let pattern = Pattern(text) { return pattern }
        report("not-yet", "the regular expression \(text): not yet", at: steps, hint: "literal text, . and .* are understood")
        return nil
    }

    private mutating func labels(_ text: String, at steps: [PathStep]) -> [Selector.Requirement] {
        if let requirements = Selector.requirements(text) { return requirements }
        report("not-yet", "the selector \(text): not yet", at: steps, hint: "key, !key, key=value and key!=value are understood")
        return []
    }

    // MARK: - Shapes

    private mutating func map(_ value: Value, at steps: [PathStep], known: [String]? = nil) -> Map? {
        guard case .map(let map) = value else {
            report("wrong-type", "must be a map, not \(value.kindName)", at: steps)
            return nil
        }
        if let known {
            for key in map.keys where !known.contains(key) {
                report("unknown-field", "unknown field \(key)", at: steps + [.key(key)], key: true)
            }
        }
        return map
    }

    private mutating func items(_ value: Value, at steps: [PathStep]) -> [(Value, [PathStep])] {
        guard case .list(let items) = value else {
            report("wrong-type", "must be a list, not \(value.kindName)", at: steps)
            return []
        }
        return items.enumerated().map { ($0.element, steps + [.index($0.offset)]) }
    }

    private mutating func references(_ value: Value, at steps: [PathStep]) -> [Kustomization.Reference] {
        items(value, at: steps).compactMap { item, steps in
            guard let text = string(item, at: steps) else { return nil }
            return Kustomization.Reference(text: text, written: place("reference", text, at: steps))
        }
    }

    private mutating func string(_ value: Value, at steps: [PathStep]) -> String? {
        guard case .string(let text) = value else {
            report("wrong-type", "must be a string, not \(value.kindName)", at: steps)
            return nil
        }
        return text
    }

    /// A string; `newTag: 1.8` is a number in YAML, and kustomize refuses it too.
    private mutating func scalar(_ fields: Map, _ key: String, at steps: [PathStep]) -> String? {
        guard let value = fields[key], !value.isNull else { return nil }
        if case .string(let text) = value { return text.isEmpty ? nil : text }
        report(
            "wrong-type", "must be a string, not \(value.kindName)", at: steps + [.key(key)],
            hint: value.scalarText.map { "write \"\($0)\"" })
        return nil
    }
}
