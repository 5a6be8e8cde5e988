# SPDX-License-Identifier: Apache-2.0
# The front door. `make` alone prints what there is; `make test` is what continuous integration runs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help up test build agent bench fuzz format lint install clean packages swift

PREFIX ?= /usr/local
# Options for the program that a target runs, as in: make up ARGS="--clusters 10".
ARGS ?=
# Options for every `swift build`, such as -j 1.
SWIFT_FLAGS ?=

RELEASE := .build/release
# The shipped agent carries the Swift runtime in itself. That switch goes for a whole build folder, so it has its own.
AGENT_BUILD := .build/agent
AGENT := $(AGENT_BUILD)/release/flotilla-agent
AGENT_FLAGS := -c release --product flotilla-agent --static-swift-stdlib -Xlinker -s --scratch-path $(AGENT_BUILD)

PACKAGES := libgit2-dev libssh2-1-dev libyaml-dev libcurl4-openssl-dev libpq-dev zlib1g-dev pkg-config postgresql \
	git openssh-client util-linux tzdata ca-certificates openssl binutils
# What only the tests run: an ssh server for repositories, and GnuPG for signatures.
TEST_PACKAGES := openssh-server gnupg

help:  ## Print the targets
	@echo 'make TARGET [ARGS="options"]'
	@sed -nE 's/^([a-z]+):[^#]*## (.*)$$/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-10s %s\n", $$1, $$2 }'

up: build  ## Show Flotilla at work on this machine: build everything, then `flotilla up $(ARGS)`
	@exec $(RELEASE)/flotilla up --agent $(AGENT) $(ARGS)

# How many tests run at once. Without a bound all do: then Foundation, which selects on files, meets numbers above 1,024 and waits for the
# wrong programs, and what starts servers and processes of its own starves.
TEST_WIDTH ?= 24

test: PACKAGES += $(TEST_PACKAGES)
test: packages swift agent  ## Build and run every test; they start the servers that they need
	swift build --build-tests $(SWIFT_FLAGS)
	FLOTILLA_AGENT_BINARY=$(CURDIR)/$(AGENT) SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TEST_WIDTH) swift test --skip-build $(ARGS)

build: packages swift agent  ## Build the programs as they are shipped: .build/release/flotilla, .build/agent/release/flotilla-agent
	swift build -c release --product flotilla $(SWIFT_FLAGS)

agent: packages swift  ## Build the agent as it is shipped
	swift build $(AGENT_FLAGS) $(SWIFT_FLAGS)

bench: packages swift agent  ## Run the benchmarks: `flotilla-bench $(ARGS)`
	swift build -c release --product flotilla $(SWIFT_FLAGS)
	swift build -c release --product flotilla-bench $(SWIFT_FLAGS)
	$(RELEASE)/flotilla-bench $(ARGS)

# How long each reader and engine is fuzzed, in seconds, and which ones.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= yaml json kustomize template
FUZZ_BUILD := .build/fuzz

fuzz: packages swift  ## Feed the readers and engines random input for FUZZ_SECONDS each, guided by coverage (libFuzzer)
	FLOTILLA_FUZZING=1 swift build -c release --sanitize fuzzer --product flotilla-fuzz --scratch-path $(FUZZ_BUILD) $(SWIFT_FLAGS)
	@seeds=$(FUZZ_BUILD)/corpus; mkdir -p $$seeds/yaml $$seeds/json $$seeds/kustomize $$seeds/template; \
	for fixture in Tests/Fixtures/Kustomize/*/; do \
		(cd $$fixture && find . -type f ! -name 'expected.yaml' | sort | while read -r file; do \
			echo "=== $${file#./}"; cat "$$file"; cp "$$file" "$(CURDIR)/$$seeds/yaml/$$(basename $$fixture)-$$(echo $$file | tr / -)"; \
		done; printf '=== kustomization.yaml\nresources:\n- overlay\n') > $$seeds/kustomize/$$(basename $$fixture); \
	done; \
	echo '{"a":[1,-2.5e3,true,null,"x"],"b":{"c":{}}}' > $$seeds/json/first; \
	echo '{{- define "n" }}{{ .a | default 5 | quote }}{{ end }}{{ range $$i, $$v := .Values.list }}{{ include "n" (dict "a" $$v) | nindent 2 }}{{ else }}{{ printf "%05.2f" 1.5 }}{{ end }}' > $$seeds/template/first; \
	echo '{{ with $$x := fromYaml "a: [1, x]" }}{{ toYaml $$x }}{{ toToml $$x }}{{ end }}{{ if semverCompare "^1.2" "1.3.0" }}{{ tpl "{{ .Values.text | upper }}" . }}{{ end }}' > $$seeds/template/second; \
	for target in $(FUZZ_TARGETS); do \
		echo "Fuzzing $$target for $(FUZZ_SECONDS) s"; \
		FLOTILLA_FUZZ=$$target $(FUZZ_BUILD)/release/flotilla-fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -timeout=10 \
			-rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=$(FUZZ_BUILD)/$$target- $$seeds/$$target 2>&1 | grep -E 'SUMMARY|Done|ERROR|artifact|stat::'; \
	done

format: swift  ## Lay the sources out as .swift-format says
	swift format format --in-place --parallel --recursive Sources Tests Package.swift

lint: swift  ## Check the layout of the sources
	swift format lint --strict --parallel --recursive Sources Tests Package.swift

install: build  ## Install into $(PREFIX)/bin
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 $(RELEASE)/flotilla $(AGENT) "$(DESTDIR)$(PREFIX)/bin/"

clean:  ## Remove what was built; data folders stay
	rm -rf .build

# Installs what is missing, and only that. Installing PostgreSQL on Debian makes and starts a cluster of its own, which nothing here
# uses: it is told not to, if PostgreSQL was not there before. So is OpenSSH: the tests start its server themselves, on ports of their own.
packages:
	@missing=(); \
	for package in $(PACKAGES); do \
		[ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || missing+=($$package); \
	done; \
	[ $${#missing[@]} -eq 0 ] && exit 0; \
	as_root() { if [ "$$(id -u)" -eq 0 ]; then "$$@"; else sudo "$$@"; fi; }; \
	if ! command -v apt-get >/dev/null || { [ "$$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; }; then \
		echo "These packages are missing, please install them: $${missing[*]}" >&2; exit 1; \
	fi; \
	echo "Installing $${missing[*]}"; \
	settings=/etc/postgresql-common/createcluster.conf; \
	if [ ! -e $$settings ]; then \
		as_root install -d /etc/postgresql-common; \
		printf 'create_main_cluster = false\n' | as_root tee $$settings >/dev/null; \
	fi; \
	if [[ " $${missing[*]} " == *" openssh-server "* ]] && [ ! -e /etc/ssh/sshd_config ]; then \
		as_root install -d /etc/ssh; \
		as_root touch /etc/ssh/sshd_not_to_be_run; \
	fi; \
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q; \
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends -o Dpkg::Options::=--force-confold $${missing[@]}

# Swift comes from swift.org, into the user's own folder: that is the user's choice, so it is only explained.
swift:
	@version=$$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' | head -n 1); \
	read -r major minor <<<"$${version:-0 0}"; \
	if [ "$$major" -lt 6 ] || { [ "$$major" -eq 6 ] && [ "$$minor" -lt 3 ]; }; then \
		{ echo "Swift 6.3 or newer is needed, $$( [ "$$major" -eq 0 ] && echo "none was found" || echo "found $$major.$$minor" )."; \
		  echo "The official installer (https://www.swift.org/install/linux):"; \
		  echo; \
		  echo '  curl -O https://download.swift.org/swiftly/linux/swiftly-$$(uname -m).tar.gz && tar zxf swiftly-$$(uname -m).tar.gz && \'; \
		  echo '    ./swiftly init --quiet-shell-followup && . "$${SWIFTLY_HOME_DIR:-$$HOME/.local/share/swiftly}/env.sh" && \'; \
		  echo '    swiftly install --use 6.3'; } >&2; \
		exit 1; \
	fi
