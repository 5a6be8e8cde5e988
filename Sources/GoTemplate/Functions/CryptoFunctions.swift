// SPDX-License-Identifier: Apache-2.0
import Crypto
import CryptoExtras

/// Sprig's digests, passwords, random values and encryption.
enum CryptoFunctions {
    static let functions: [Function] = [
        Function("sha1sum", [.string], .one { _, text in hex(Insecure.SHA1.hash(data: text.stringBytes ?? [])) }),
        Function("sha256sum", [.string], .one { _, text in hex(SHA256.hash(data: text.stringBytes ?? [])) }),
        Function("sha512sum", [.string], .one { _, text in hex(SHA512.hash(data: text.stringBytes ?? [])) }),
        Function("adler32sum", [.string], .one { _, text in .string(String(adler32(text.stringBytes ?? []))) }),
        Function(
            "bcrypt", [.string],
            .one { machine, password throws(TemplateFailure) in
                .string(try bcrypt(machine, "bcrypt", password))
            }, trait: .notRepeatable),
        Function("htpasswd", [.string, .string], .two(htpasswd), trait: .notRepeatable),
        Function("derivePassword", [.uint32, .string, .string, .string, .string], .many(derivePassword)),
        Function("encryptAES", [.string, .string], .two(encrypt), trait: .notRepeatable),
        Function("decryptAES", [.string, .string], .two(decrypt)),
        Function(
            "randAlphaNum", [.int],
            .one { machine, count throws(TemplateFailure) in
                try random(machine, "randAlphaNum", count, letters + digits)
            }, trait: .notRepeatable),
        Function(
            "randAlpha", [.int],
            .one { machine, count throws(TemplateFailure) in
                try random(machine, "randAlpha", count, letters)
            }, trait: .notRepeatable),
        Function(
            "randNumeric", [.int],
            .one { machine, count throws(TemplateFailure) in
                try random(machine, "randNumeric", count, digits)
            }, trait: .notRepeatable),
        Function(
            "randAscii", [.int],
            .one { machine, count throws(TemplateFailure) in
                try random(machine, "randAscii", count, Array(0x20...0x7E))
            }, trait: .notRepeatable),
        Function("randBytes", [.int], .one(randomBytes), trait: .notRepeatable),
        Function("uuidv4", [], .none(uuid), trait: .notRepeatable),
        Function("shuffle", [.string], .one(shuffle), trait: .notRepeatable),
    ]

    private static let digits = Array("0123456789".utf8)
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    private static func hex(_ digest: some Sequence<UInt8>) -> Datum {
        var text: [UInt8] = []
        for byte in digest { Quoting.appendHex(UInt32(byte), digits: 2, to: &text) }
        return .text(text)
    }

    private static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return high << 16 | low
    }

    // MARK: Passwords

    private static func bcrypt(_ machine: Machine, _ function: String, _ password: Datum) throws(TemplateFailure) -> String {
        let entropy = try machine.useEntropy(function)
        let bytes = password.stringBytes ?? []
        guard bytes.count <= Bcrypt.passwordBytesMax else {
            return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
        }
        // A tenth of a second each.
        try machine.charge(items: 500_000)
        return Bcrypt.hash(bytes, salt: entropy.randomBytes(16), cost: 10)
    }

    private static func htpasswd(_ machine: Machine, _ user: Datum, _ password: Datum) throws(TemplateFailure) -> Datum {
        if user.text.contains(":") { return .string("invalid username: \(user.text)") }
        return .string("\(user.text):\(try bcrypt(machine, "htpasswd", password))")
    }

    /// The templates of the "master password" algorithm, version 2: each letter stands for a set of characters.
    private static let passwordTemplates: [String: [String]] = [
        "maximum": ["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long": [
            "CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno", "CvccnoCvcvCvcv", "CvccCvcvnoCvcv", "CvccCvcvCvcvno", "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv", "CvcvCvccCvcvno", "CvcvnoCvcvCvcc", "CvcvCvcvnoCvcc", "CvcvCvcvCvccno", "CvccnoCvccCvcv", "CvccCvccnoCvcv",
            "CvccCvccCvcvno", "CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno", "CvccnoCvcvCvcc", "CvccCvcvnoCvcc", "CvccCvcvCvccno",
        ],
        "medium": ["CvcnoCvc", "CvcCvcno"], "short": ["Cvcn"], "basic": ["aaanaaan", "aannaaan", "aaannaaa"], "pin": ["nnnn"],
    ]
    private static let passwordCharacters: [Character: String] = [
        "V": "AEIOU", "C": "BCDFGHJKLMNPQRSTVWXYZ", "v": "aeiou", "c": "bcdfghjklmnpqrstvwxyz", "A": "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        "a": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz", "n": "0123456789", "o": "@&%?,=[]_:-+*$#!'^~;()/.",
        "x": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    ]

    private static func derivePassword(_ machine: Machine, _ values: [Datum]) throws(TemplateFailure) -> Datum {
        guard let templates = passwordTemplates[values[1].text] else {
            return .string("cannot find password template \(values[1].text)")
        }
        try machine.charge(items: 500_000)
        func number(_ number: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) } }
        let seed = Array("com.lyndir.masterpassword".utf8)
        let user = values[3].stringBytes ?? []
        let site = values[4].stringBytes ?? []
        let key: SymmetricKey
        do {
            key = try KDF.Scrypt.deriveKey(
                from: values[2].stringBytes ?? [], salt: seed + number(UInt32(truncatingIfNeeded: user.count)) + user, outputByteCount: 64,
                rounds: 32_768, blockSize: 8, parallelism: 2)
        } catch {
            return .string("failed to derive password: \(error)")
        }
        let message =
            seed + number(UInt32(truncatingIfNeeded: site.count)) + site + number(UInt32(truncatingIfNeeded: values[0].integer))
        let code = Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
        let template = templates[Int(code[0]) % templates.count]
        var password = ""
        for (index, letter) in template.enumerated() {
            let characters = Array(passwordCharacters[letter] ?? "x")
            password.append(characters[Int(code[index + 1]) % characters.count])
        }
        return .string(password)
    }

    // MARK: Encryption

    private static func key(_ password: Datum) -> SymmetricKey {
        let bytes = (password.stringBytes ?? []).prefix(32)
        return SymmetricKey(data: bytes + [UInt8](repeating: 0, count: 32 - bytes.count))
    }

    private static func encrypt(_ machine: Machine, _ password: Datum, _ text: Datum) throws(TemplateFailure) -> Datum {
        let plain = text.stringBytes ?? []
        if plain.isEmpty { return .string("") }
        let vector = try machine.useEntropy("encryptAES").randomBytes(16)
        do {
            let sealed = try AES._CBC.encrypt(plain, using: key(password), iv: AES._CBC.IV(ivBytes: vector))
            return .text(Base64.encode(vector + Array(sealed)))
        } catch {
            throw TemplateFailure("\(error)")
        }
    }

    private static func decrypt(_ machine: Machine, _ password: Datum, _ text: Datum) throws(TemplateFailure) -> Datum {
        let encoded = text.stringBytes ?? []
        if encoded.isEmpty { return .string("") }
        let sealed = try Base64.decode(encoded)
        guard sealed.count > 16, sealed.count % 16 == 0 else { throw TemplateFailure("crypto/cipher: input not full blocks") }
        do {
            let vector = try AES._CBC.IV(ivBytes: Array(sealed[..<16]))
            let padded = Array(try AES._CBC.decrypt(Array(sealed[16...]), using: key(password), iv: vector, noPadding: true))
            let padding = Int(padded.last ?? 0)
            guard padding <= padded.count else {
                throw TemplateFailure("runtime error: slice bounds out of range [:\(padded.count - padding)]")
            }
            return .text(Array(padded.dropLast(padding)))
        } catch {
            throw error as? TemplateFailure ?? TemplateFailure("\(error)")
        }
    }

    // MARK: Random values

    private static func count(_ machine: Machine, _ count: Datum) throws(TemplateFailure) -> Int {
        try machine.charge(bytes: Int(max(0, count.integer)))
        return Int(max(0, count.integer))
    }

    private static func random(
        _ machine: Machine, _ function: String, _ wanted: Datum, _ characters: [UInt8]
    ) throws(TemplateFailure) -> Datum {
        let entropy = try machine.useEntropy(function)
        let count = try count(machine, wanted)
        var text: [UInt8] = []
        // Bytes that would make some characters likelier than others are passed over.
        let limit = 256 - 256 % characters.count
        while text.count < count {
            for byte in entropy.randomBytes(count - text.count + 16) where Int(byte) < limit && text.count < count {
                text.append(characters[Int(byte) % characters.count])
            }
        }
        return .text(text)
    }

    private static func randomBytes(_ machine: Machine, _ wanted: Datum) throws(TemplateFailure) -> Datum {
        let entropy = try machine.useEntropy("randBytes")
        guard wanted.integer >= 0 else { throw TemplateFailure("runtime error: makeslice: len out of range") }
        return .text(Base64.encode(entropy.randomBytes(try count(machine, wanted))))
    }

    private static func uuid(_ machine: Machine) throws(TemplateFailure) -> Datum {
        var bytes = try machine.useEntropy("uuidv4").randomBytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            Quoting.appendHex(UInt32(byte), digits: 2, to: &text)
        }
        return .text(text)
    }

    private static func shuffle(_ machine: Machine, _ text: Datum) throws(TemplateFailure) -> Datum {
        let entropy = try machine.useEntropy("shuffle")
        var scalars = CaseFunctions.scalars(text)
        let random = entropy.randomBytes(scalars.count * 4)
        for index in scalars.indices.reversed() where index > 0 {
            let number = random[(index * 4)..<(index * 4 + 4)].reduce(0) { $0 << 8 | Int($1) }
            scalars.swapAt(index, number % (index + 1))
        }
        return CaseFunctions.from(scalars)
    }
}
