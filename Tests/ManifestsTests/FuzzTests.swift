// SPDX-License-Identifier: Apache-2.0
import Manifests
import Testing

@Suite("Readers under random input") struct FuzzTests {
    /// SplitMix64 (Steele, Lea, Flood 2014): the same seed makes the same inputs everywhere.
    struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    static let seeds = [
        #"{"a":[1,-2.5e3,true,null,"x\n\u00e9\ud83d\udea2"],"b":{"c":{}},"d":[]}"#,
        "a: &x\n  - 1\n  - 'two'\n  - \"thr\\x65\"\nb: *x\n<<: {c: d}\ne: |\n  text\n  more\nf: >-\n  folded\n---\n? k\n: v\n",
        "- {a: !!str 1, b: [~, yes, 0x1F, 1_0, .5]}\n- <<: [{a: 1}, {b: 2}]\n  c: 2020-01-01\n",
    ]

    @Test("a mutated document is read or refused, and what is read survives writing", arguments: 0..<20)
    func mutations(_ seed: UInt64) throws {
        var random = Random(state: seed)
        let alphabet = Array("{}[]:,-\"'\\ \n\t#&*!|>%@`?~0123456789abcdefue+._<=\u{0}é".utf8) + [0x80, 0xC3, 0xE2, 0xF0, 0xFF]
        for _ in 0..<300 {
            var bytes = Array((Self.seeds.randomElement(using: &random) ?? "").utf8)
            for _ in 0...Int.random(in: 0..<8, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = alphabet.randomElement(using: &random) ?? 0
                case 1: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: place)
                case 2: bytes.remove(at: place)
                default:
                    let end = Int.random(in: place..<bytes.count, using: &random)
                    bytes.insert(contentsOf: bytes[place...end], at: Int.random(in: 0...bytes.count, using: &random))
                }
            }
            if let value = try? JSON.read(bytes) {
                #expect(try JSON.read(JSON.write(value)) == value)
                #expect(try JSON.read(Canonical.bytes(value)) == value)
            }
            if let values = try? YAML.documents(bytes) {
                #expect(try YAML.documents(YAML.write(documents: values)) == values, "from \(bytes)")
                for (index, value) in values.enumerated() where value.map != nil {
                    for key in value.map.map({ Array($0.keys) }) ?? [] { _ = YAML.locate([.key(key)], document: index, in: bytes) }
                }
            }
        }
    }
}
