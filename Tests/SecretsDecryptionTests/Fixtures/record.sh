#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Records the fixtures in SOPS/ anew: each NAME.plain.{yaml,json} is encrypted under the rule below into NAME.{yaml,json}, and what
# sops makes of that again is NAME.decrypted.{yaml,json}.
# Needs sops (recorded with 3.11.0) and age-keygen. keys.txt and other-keys.txt are throw-away keys that protect nothing.
set -eu
cd "$(dirname "$0")/SOPS"
first=$(age-keygen -y ../keys.txt)
second=$(age-keygen -y ../other-keys.txt)
rules=$(mktemp --suffix .yaml)
trap 'rm "$rules"' EXIT
record() { # NAME RECIPIENTS RULE…
    name=$1
    recipients=$2
    shift 2
    printf 'creation_rules:\n  - %s\n' "$recipients" > "$rules"
    for rule; do printf '    %s\n' "$rule" >> "$rules"; done
    sops --config "$rules" encrypt "${name%.*}.plain.${name##*.}" > "$name"
    SOPS_AGE_KEY=$(cat ../keys.txt ../other-keys.txt) sops decrypt "$name" > "${name%.*}.decrypted.${name##*.}"
}
data='encrypted_regex: ^(data|stringData)$'
record types.yaml "age: $first"
record types.json "age: $first"
record secret.yaml "age: $first" "$data"
record unencrypted-regex.yaml "age: $first" 'unencrypted_regex: ^(kind|metadata)$'
record encrypted-suffix.yaml "age: $first" 'encrypted_suffix: _secret'
record unencrypted-suffix.yaml "age: $first" 'unencrypted_suffix: _open'
record encrypted-comment.yaml "age: $first" 'encrypted_comment_regex: sops:enc'
record unencrypted-comment.yaml "age: $first" 'unencrypted_comment_regex: sops:plain'
record mac-only.yaml "age: $first" "$data" 'mac_only_encrypted: true'
record comments.yaml "age: $first" "$data"
record several.yaml "age: $first" "$data"
record several-recipients.yaml "age: $second,$first" "$data"
record other-recipient.yaml "age: $second" "$data"
record key-groups.yaml "key_groups: [{age: [$first]}, {age: [$second]}, {age: [$second]}]" 'shamir_threshold: 2' "$data"
