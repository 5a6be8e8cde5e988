#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the keys and signatures in this folder again, with GnuPG 2.2; the private keys are thrown away.
#
# NAME.asc is a public key, NAME.sig a signature by it of `message`; further signatures are called NAME-WHAT.sig.
set -eu
cd "$(dirname "$0")"
home=$(mktemp -d)
trap 'gpgconf --homedir "$home" --kill gpg-agent; rm -rf "$home"' EXIT
run() { gpg --homedir "$home" --batch --quiet --no-tty --yes --pinentry-mode loopback --passphrase '' "$@"; }
at() { time=$1; shift; run --faked-system-time "$time!" "$@"; }
fingerprint() { run --with-colons --list-keys "$1" | sed -n 's/^fpr:::::::::\([0-9A-F]*\):$/\1/p' | sed -n "${2:-1}p"; }
new() { at 20250101T120000 --quick-generate-key "$1 <$1@example.com>" "$2" "$3" "${4:-never}"; }
public() { run --armor --export "$1" > "$1.asc"; }
sign() { name=$1; shift; at 20250201T120000 --armor --detach-sign --output "$name.sig" "$@" message; }

printf 'tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nA message.\n' > message
for key in 'rsa rsa2048' 'ed25519 ed25519' 'p256 nistp256'; do
    set -- $key
    new "$1" "$2" sign,cert
    public "$1"
    sign "$1" --local-user "$1"
done
sign rsa-sha256 --local-user rsa --digest-algo SHA256
sign rsa-sha1 --local-user rsa --digest-algo SHA1
sign rsa-text --local-user rsa --textmode
sign both --local-user rsa --local-user ed25519

# A key that only certifies, with a subkey that signs and one that encrypts.
new subkey ed25519 cert
at 20250101T120000 --quick-add-key "$(fingerprint subkey)" rsa2048 sign never
at 20250101T120000 --quick-add-key "$(fingerprint subkey)" cv25519 encr never
public subkey
sign subkey --local-user subkey
run --armor --export subkey > revoked-subkey.asc
# The same with the signing subkey revoked, by a later certificate of its owner.
printf 'key 1\nrevkey\ny\n0\n\ny\nsave\n' |
    gpg --homedir "$home" --quiet --no-tty --pinentry-mode loopback --passphrase '' --command-fd 0 --status-fd 2 \
        --faked-system-time '20250301T120000!' --edit-key subkey 2>/dev/null
run --armor --export subkey > revoked-subkey.asc

# A key that ends, once as it was and once with a later end; signed after the first end.
new expiring ed25519 sign,cert 1y
run --armor --export expiring > expired.asc
sign expiring --local-user expiring
at 20250601T120000 --quick-set-expire "$(fingerprint expiring)" 5y
public expiring
at 20270601T120000 --armor --detach-sign --output expired.sig --local-user expiring message

# A key that is revoked after it has signed.
new revoked ed25519 sign,cert
sign revoked --local-user revoked
revocation=$home/openpgp-revocs.d/$(fingerprint revoked).rev
sed -i 's/^:-----BEGIN/-----BEGIN/' "$revocation"
run --import "$revocation"
public revoked

# A user ID that is gone: the other one names the key.
new renamed ed25519 sign,cert
at 20250115T120000 --quick-add-uid "$(fingerprint renamed)" 'Renamed <new@example.com>'
at 20250116T120000 --quick-revoke-uid "$(fingerprint renamed)" 'renamed <renamed@example.com>'
public renamed
sign renamed --local-user renamed

# Keys of kinds that are not known here.
new dsa dsa2048 sign,cert
public dsa
sign dsa --local-user dsa
new brainpool brainpoolP256r1 sign,cert
public brainpool
sign brainpool --local-user brainpool
