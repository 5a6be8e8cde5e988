// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import flotilla

@Suite("Image tag") struct ImageTagTests {
    private let text = """
        kind: Kustomization
        replicas:
        - name: web
          count: 2
        images:
        # the one place
        - name: registry.example/web
          newTag: "1.4.0"   # raise it here
        - name: registry.example/db
          newName: other
          newTag: 9
        """

    @Test("tags are found with their images")
    func finding() {
        let tags = ImageTag.find(in: text, path: "k.yaml")
        #expect(tags.map(\.image) == ["registry.example/web", "registry.example/db"])
        #expect(tags.map(\.tag) == ["1.4.0", "9"])
    }

    @Test("a tag is replaced, and nothing else changes")
    func replacing() {
        let tag = ImageTag.find(in: text, path: "k.yaml")[1]
        #expect(
            tag.replacing(in: text, by: "10")
                == text.split(separator: "\n").map { $0 == "  newTag: 9" ? "  newTag: \"10\"" : $0 }.joined(separator: "\n"))
    }

    @Test("the next version", arguments: [("1.4.0", "1.4.1"), ("9", "10"), ("1.4.9-broken", "1.4.10"), ("latest", "1.0.1")])
    func next(_ tag: String, _ next: String) { #expect(ImageTag.next(tag) == next) }
}
