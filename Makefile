# The commands for users. `make help` lists them; `make V=1 …` shows every command.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
# swift build uses all processors, and two builds in the same folder wait for each other.
.NOTPARALLEL:

V ?= 0
ifneq ($(V),1)
Q := @
endif

SWIFT ?= swift
# One toolchain builds both the Swift and the BPF side: its clang has the bpf target.
# Evaluated at its first use, when `deps` has installed the libraries that the toolchain loads.
TOOLCHAIN = $(eval TOOLCHAIN := $$(or $$(shell $(SWIFT) -print-target-info 2>/dev/null | \
	sed -n 's|.*"runtimeResourcePath": "\(.*\)/lib/swift".*|\1/bin|p'),$$(error no Swift toolchain: try $(SWIFT) --version)))$(TOOLCHAIN)
CLANG ?= $(TOOLCHAIN)/clang
OBJCOPY ?= $(TOOLCHAIN)/llvm-objcopy

# There are two ways to build, with two scratch folders: without the Swift runtime, for what ships and boots, and with
# it, for what tests and runs here.
EMBEDDED := $(SWIFT) build --scratch-path .build-embedded --traits Embedded -c release \
	-Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections -Xlinker --gc-sections \
	-Xcc -fno-asynchronous-unwind-tables -Xcc -fno-unwind-tables
HOST := $(SWIFT) build
KMATRIX := .build/debug/kmatrix
ifneq ($(V),1)
EMBEDDED += --quiet
HOST += --quiet
endif

BPF_OBJECTS := $(patsubst bpf/%.bpf.c,Sources/CProbes/%.bpf.o,$(wildcard bpf/*.bpf.c))
TOOLS := quark-mon quark-btf quark-test
# A library works with programs that were compiled for its own version, and refuses others when they open a queue.
# Therefore each version has its own soname, by which the loader finds the right one.
SO_VERSION := $(shell sed -n 's/^.define QUARK_VERSION[[:blank:]]*"\(.*\)"$$/\1/p' quark.h)
# All shell scripts.
SCRIPTS = $(shell grep -rlIx --exclude-dir=Fixtures '#!/bin/sh' krun.sh ci initramfs kernel-images man packaging Benchmarks Fuzz Tests) Tests/ok.sh
# Runs as many commands at a time as there are processors, and keeps the output of each together.
STEPS := ci/steps $(if $(filter 1,$(V)),-v)

# No command is the name of a file.
.PHONY: FORCE $(shell sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' Makefile)

all: $(TOOLS) libquark.a libquark_big.a libquark.so initramfs.gz ## the tools, the library, the guest

help: ## this list
	$(Q)sed -n 's/^\([a-z][a-zA-Z._-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | expand -t 16

deps: ## install the Debian packages that are missing
	$(Q)[ -w . ] || { echo "$(CURDIR) cannot be written: build in a copy of it" >&2; exit 1; }
	$(Q)ci/deps

# ---- what boots and links

# compile-bpf CLANG
define compile-bpf
	$(Q)mkdir -p $(@D)
	$(Q)$(1) -target bpf -D__TARGET_ARCH_x86 -mcpu=v3 -O2 -g -Wall -Wextra -Wno-unused-parameter -Werror -ffile-prefix-map=$(CURDIR)=. \
		-ISources/CWire/include -Ibpf -c $< -o $@.tmp
	$(Q)$(OBJCOPY) --strip-debug -R .rel.BTF -R .rel.BTF.ext $@.tmp && OBJCOPY=$(OBJCOPY) bpf/strip-lines.py $@.tmp && mv $@.tmp $@
endef
BPF_HEADERS := bpf/kernel_types.h $(wildcard bpf/core/*.h bpf/families/*.h) bpf/strip-lines.py $(addprefix Sources/CWire/include/,kinds.h wire.h)

Sources/CProbes/%.bpf.o: bpf/%.bpf.c $(BPF_HEADERS) | deps
	$(call compile-bpf,$(CLANG))
	$(Q)touch Sources/CProbes/probes.c # embeds the object; the build does not see one appear

bpf: $(BPF_OBJECTS) ## the BPF objects

# The manual pages that tools contain.
MANUALS := .build-manual/quark-mon.8.gz .build-manual/quark-test.8.gz

.build-manual/%.8.gz: man/%.8 | deps
	$(Q)mkdir -p $(@D)
	$(Q)gzip -9nc $< >$@.tmp && mv $@.tmp $@
	$(Q)touch Sources/CManual/$*.c # embeds it; the build does not see one appear

$(TOOLS): bpf $(MANUALS) FORCE ## static, without the Swift runtime
	$(Q)$(EMBEDDED) --product $@
	$(Q)cmp -s .build-embedded/release/$@ $@ || cp .build-embedded/release/$@ $@

$(addprefix .build-embedded/release/,quark-init quark-bench quark-sim-embedded): bpf FORCE
	$(Q)$(EMBEDDED) --product $(@F)

.build-embedded/release/libQuarkC.a: bpf FORCE
	$(Q)$(EMBEDDED) --product QuarkC

# The names that the libraries define: those that quark.h declares.
NAMES := .build-embedded/quark.names
$(NAMES): quark.h packaging/header.py | deps
	$(Q)mkdir -p $(@D)
	$(Q)packaging/header.py names $< >$@.tmp && mv $@.tmp $@

JOINED := .build-embedded/release/libQuarkC.a $(NAMES) packaging/join.sh
libquark.a: $(JOINED) ## the library alone: cc program.c libquark.a -lbpf -lelf -lz
	$(Q)packaging/join.sh $@ $(NAMES) $<

libquark_big.a: $(JOINED) ## the library and what it needs: cc program.c libquark_big.a
	$(Q)packaging/join.sh $@ $(NAMES) $< $(foreach library,bpf elf z,$$($(CC) -print-file-name=lib$(library).a))

libquark.so: libquark.a packaging/share.sh ## the library to be loaded, which loads libbpf
	$(Q)CLANG=$(CLANG) packaging/share.sh $@ $(NAMES) $(SO_VERSION) $<

initramfs.gz: $(TOOLS) $(wildcard initramfs/* initramfs/*/*) ## what guests boot
	$(Q)initramfs/pack.sh $@ init@quark-test $(foreach tool,$(TOOLS),$(tool)=$(tool))

EXAMPLES := $(patsubst %.c,%,$(wildcard examples/*.c))
examples: $(EXAMPLES) ## the programs of examples/

$(EXAMPLES): %: %.c quark.h libquark_big.a
	$(Q)$(CC) -O2 -Wall -Wextra -Werror -I. -o $@ $< libquark_big.a

# ---- installation

PREFIX ?= /usr/local
INSTALLED := $(TOOLS) libquark.a libquark_big.a libquark.so
NOT_MADE = $(filter-out $(wildcard $(INSTALLED)),$(INSTALLED))
INSTALL = DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' \
	STRIP='$(or $(STRIP),strip)' packaging/install.sh

# Builds only what is missing, because it is often run as root, who should not build.
install: ## header, libraries, tools, manual and examples: [PREFIX=/usr/local] [DESTDIR=dir] [LIBDIR=PREFIX/lib]
	$(Q)$(if $(NOT_MADE),$(MAKE) $(NOT_MADE))
	$(Q)$(INSTALL) install

uninstall: ## what install with the same variables put there
	$(Q)$(INSTALL) uninstall

# ---- kernels and tests

kmatrix: deps
	$(Q)$(HOST) --product kmatrix

kernel-images: kmatrix ## fetch the kernels of kernels.lock
	$(Q)$(KMATRIX) fetch

# with-images DEFAULT: sets $$images to the kernels of KERNELS, or else of DEFAULT. If the mirrors have dropped a kernel
# and nothing replaces it, there is a warning and the others are used. bookworm's kernel stays when a newer one has
# gone.
with-images = images=$$($(KMATRIX) fetch $(if $(KERNELS),--kernels '$(KERNELS)',$(1))) || [ "$$images" ]$(if \
	$(KERNELS),, || images=$$($(KMATRIX) fetch --kernels 6.1-cloud)) &&

demo: initramfs.gz kmatrix ## boot the newest kernel and show what quark-mon sees there
	$(Q)$(call with-images,--set newest) ./krun.sh initramfs.gz "$$images" bin/demo

test: test-host test-quick ## the host's tests, then the oldest, a middle and the newest kernel, on two processors

# The build that ships and the build that tests run at the same time, each on one processor. The kernels are for
# test-quick.
test-host: bpf check-docs
	$(Q)$(STEPS) '$(MAKE) all $(addprefix .build-embedded/release/,quark-init quark-sim-embedded)' '$(HOST) --build-tests'
	$(Q)$(STEPS) '$(SWIFT) test --skip-build' Tests/krun/run.sh Tests/krun/build.sh Tests/manual/run.sh \
		'.build-embedded/release/quark-sim-embedded $(shell date +%s) 100 10000' Tests/cabi/run.sh \
		'CLANG=$(CLANG) Tests/packaging/run.sh' Tests/krun/pack.sh Tests/tools/run.sh Tests/manual/help.sh Tests/krun/steps.sh \
		'$(MAKE) check-scripts' '$(KMATRIX) fetch --set quick || :'

# Leaks are not checked: Foundation, XCTest and TOMLKit have some, and one test has no descriptor left to list them.
test-asan: bpf ## the host's tests with the address sanitizer
	$(Q)$(HOST) --build-tests --scratch-path .build-asan --sanitize address
	$(Q)ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --skip-build --scratch-path .build-asan --sanitize address

test-threads: libquark_big.a ## queues opened on several threads at once, watched by valgrind's helgrind
	$(Q)ci/deps valgrind
	$(Q)CC='$(CC)' Tests/threads/run.sh

test-quick: initramfs.gz kmatrix
	$(Q)$(KMATRIX) run --set quick --cpus $(or $(CPUS),2) $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

# Builds the library as for a Swift program, with the checks of the trees.
sim: deps ## the queue against a model of it, or with LOSSES=1 on a machine that loses records: [SEED=n] [ROUNDS=n] [RECORDS=n]
	$(Q)$(HOST) --scratch-path .build-sim -c release -Xswiftc -DCHECK_INVARIANTS --product quark-sim
	$(Q).build-sim/release/quark-sim $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(RECORDS),--records $(RECORDS)) $(if $(LOSSES),--losses)

hostile: libquark_big.a ## recordings with any eight bytes replaced, which takes minutes: [RECORDING=file] [SAMPLE=n] [SEED=n]
	$(Q)CC='$(CC)' SAMPLE='$(SAMPLE)' SEED='$(SEED)' Tests/hostile/run.sh $(RECORDING)

# Uses the library like other packages: Swift packages without the trait, and with their own scratch folder.
GO ?= go
PROGRAMS ?= examples,go,swift,times
test-programs: initramfs.gz libquark_big.a kmatrix ## examples/, the Go and the Swift package, times, here and in guests: [PROGRAMS=go] [KERNELS=glob] [ROUNDS=n] [CPUS=2]
	$(Q)ci/deps golang-go
	$(Q)$(call with-images,--set quick) \
		CLANG=$(CLANG) GO='$(GO)' SWIFT='$(SWIFT)' CPUS='$(CPUS)' ROUNDS='$(ROUNDS)' Tests/guest/run.sh $(PROGRAMS) $$images

# The folder that replaces the reference's Go module: a program names it in one `replace` line.
GO_QUARK ?= 0.9
GO_MODULE ?= .build-go/go-quark-$(GO_QUARK)
go-module: libquark_big.a ## a folder to replace github.com/elastic/go-quark with: [GO_QUARK=0.9] or 0.6 [GO_MODULE=dir]
	$(Q)mkdir -p $(dir $(GO_MODULE))
	$(Q)packaging/go-module.sh $(GO_MODULE) $(GO_QUARK) $<
	$(Q)echo "replace github.com/elastic/go-quark => $(abspath $(GO_MODULE))"

OTHER := .build-$(notdir $(OTHER_CLANG))
test-kernel: initramfs.gz kmatrix $(if $(OTHER_CLANG),$(OTHER)/initramfs.gz) ## the matrix: [KERNELS=glob] [TESTS=names] [JOBS=n] [CPUS=n] [SHARD=i/n] [OTHER_CLANG=clang-19] [ARGS=…]
	$(Q)$(KMATRIX) run $(if $(KERNELS),--kernels '$(KERNELS)') $(if $(TESTS),--tests '$(TESTS)') \
		$(if $(JOBS),--jobs $(JOBS)) $(if $(CPUS),--cpus $(CPUS)) $(if $(SHARD),--shard $(SHARD)) $(ARGS) \
		$(if $(OTHER_CLANG),--initramfs $(OTHER)/initramfs.gz -- quark-test-both)

# The BPF programs built by another compiler, in a second quark-test: they must not depend on the code of one compiler.
# It is checked that the two objects differ; otherwise nothing would be tested.
$(OTHER)/%.bpf.o: bpf/%.bpf.c $(BPF_HEADERS) Sources/CProbes/%.bpf.o
	$(Q)ci/deps $(OTHER_CLANG)
	$(call compile-bpf,$(OTHER_CLANG))
	$(Q)! cmp -s $@ Sources/CProbes/$(@F) || { echo '$(OTHER_CLANG) is no other than $(CLANG)' >&2; rm $@; exit 1; }

$(OTHER)/initramfs.gz: initramfs.gz $(BPF_OBJECTS:Sources/CProbes/%=$(OTHER)/%) $(addprefix Tests/guest/,other.sh relink.py quark-test-both)
	$(Q)$(EMBEDDED) --product quark-test
	$(Q)CLANG=$(CLANG) Tests/guest/other.sh $(OTHER) $<

test-load: initramfs.gz kmatrix ## each of so many processes and calls accounted for, EBPF and KPROBE, on two processors: [LOAD=100000] [KERNELS=glob]
	$(Q)$(call with-images,--set quick) for image in $$images; do \
		modules=$$(echo "$$image" | sed 's|/linux-\([^/]*\)$$|/modules-\1.cpio.gz|'); [ -e "$$modules" ] || modules=; \
		./krun.sh --cpus 2 --timeout 7200 $${modules:+--add "$$modules"} \
		--append 'QUARK_TEST_LOAD=$(or $(LOAD),100000) QUARK_TEST_TIMEOUT=600' initramfs.gz "$$image" \
		quark-test -v t_ground_truth t_family_load t_module_load || exit; done

test-kernel-full: initramfs.gz kmatrix ## all kernels, also two without BTF, which are built: the options of test-kernel
	$(Q)$(MAKE) test-kernel ARGS='--set full $(ARGS)'

verify-btf: initramfs.gz kmatrix ## the offsets table against what booted kernels say: [KERNELS=glob] [JOBS=n] [ARGS=…]
	$(Q)$(KMATRIX) verify-btf $(if $(KERNELS),--kernels '$(KERNELS)') $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

test-all: test test-kernel ## both

# ---- the offsets table

# The committed table: `make btfhub BTFHUB_ARCHIVE_PATH=".build-btf/kernels.lock DIR"`, with DIR a BTFhub archive.
BTFHUB_ARCHIVE_PATH ?=
btfhub: deps ## the table of offsets, from trees in BTFhub's layout: BTFHUB_ARCHIVE_PATH="DIR ..."
	$(Q)[ -n '$(BTFHUB_ARCHIVE_PATH)' ] || { echo 'make btfhub BTFHUB_ARCHIVE_PATH="DIR ...": no tree is named' >&2; exit 2; }
	$(Q)$(HOST) -c release --product btfhub
	$(Q).build/release/btfhub --table btfhub/COffsets/offsets.table --listing btfhub/offsets.txt $(BTFHUB_ARCHIVE_PATH); \
		status=$$?; [ $$status = 2 ] || touch btfhub/COffsets/offsets.c; exit $$status

.build-btf/kernels.lock: kmatrix FORCE # the BTF of the locked kernels, as a tree
	$(Q)rm -rf $@ && $(KMATRIX) btf-archive $@ >/dev/null

# ---- measures

bench: .build-embedded/release/quark-bench ## the queue on synthetic loads: [PROCESSES=n] [REPEATS=n]
	$(Q)Benchmarks/run.sh

bench-guest: quark-mon .build-embedded/release/quark-init kmatrix ## what quark-mon costs a guest: [KERNELS=6.1-cloud] [PROCESSES=n] [BACKEND=k] [FAMILIES=GHLT]
	$(Q)$(call with-images,--kernels 6.1-cloud) BACKEND='$(BACKEND)' FAMILIES='$(FAMILIES)' Benchmarks/guest/run.sh "$$images" $(PROCESSES)

bench-swift: libquark_big.a ## what an event costs Swift over C: [ROUNDS=15] [CALLGRIND=1]
	$(Q)SWIFT='$(SWIFT)' CALLGRIND='$(CALLGRIND)' Benchmarks/swift/run.sh $(ROUNDS)

bench-swift-guest: libquark_big.a .build-embedded/release/quark-init kmatrix ## the same, live: [KERNELS=6.1-cloud] [PROCESSES=n]
	$(Q)$(call with-images,--kernels 6.1-cloud) SWIFT='$(SWIFT)' Benchmarks/guest/swift.sh "$$images" $(PROCESSES)

bench-go: libquark_big.a .build-embedded/release/quark-init kmatrix ## what an event costs Go over C: [KERNELS=6.1-cloud] [PROCESSES=n]
	$(Q)ci/deps golang-go
	$(Q)$(call with-images,--kernels 6.1-cloud) GO='$(GO)' Benchmarks/guest/go.sh "$$images" $(PROCESSES)

# ---- fuzzing

FUZZERS := record proc cgroup recording btf types table rules
# What asks nothing of the system.
FUZZED := $(shell find Sources/QuarkCore Sources/QuarkBTF -name '*.swift') $(wildcard Fuzz/*.swift)
RECORDINGS := $(wildcard Tests/Fixtures/recordings/*.rec)
SECONDS ?= 60

.build-fuzz/fuzz: $(FUZZED) Fuzz/module.modulemap $(wildcard Sources/CWire/include/*.h) Sources/CQuark/include/quark.h | deps
	$(Q)mkdir -p $(@D)
	$(Q)$(SWIFT)c -wmo -O -gline-tables-only -sanitize=fuzzer,address -parse-as-library -use-ld=lld -module-name Fuzz -package-name quark -swift-version 6 \
		-enable-experimental-feature Lifetimes -Xcc -fmodule-map-file=Fuzz/module.modulemap -Xcc -ISources/CWire/include $(FUZZED) -o $@
	$(Q)for name in $(FUZZERS); do ln -f $@ $(@D)/$$name || exit; done

.build-fuzz/seeds: Fuzz/seeds.py $(RECORDINGS) | deps
	$(Q)rm -rf $@ && python3 Fuzz/seeds.py $@ $(RECORDINGS)

fuzz: .build-fuzz/fuzz .build-fuzz/seeds ## each fuzzer: [SECONDS=60] [JOBS=n], or fuzz-NAME for one of them
	$(Q)$(STEPS) $(if $(JOBS),-j $(JOBS)) $(FUZZERS:%='Fuzz/run.sh % $(SECONDS)')

fuzz-%: .build-fuzz/fuzz .build-fuzz/seeds
	$(Q)Fuzz/run.sh $* $(SECONDS)

# ---- documents

README.md: man/readme.sh $(wildcard man/*.[1-9]) | deps ## from man/quark.7
	$(Q)man/readme.sh >$@.tmp && mv $@.tmp $@

docs: | deps ## the manual as HTML, in docs
	$(Q)man/docs.py man docs

swift-docs: bpf ## the pages of the Swift package, in docs/swift, as a web server hands them out
	$(Q)$(HOST) --target Quark
	$(Q)SWIFT='$(SWIFT)' man/swift-docs.sh .build/debug $(TOOLCHAIN) docs/swift

# The graphs that quark-mon -C and -m write.
DOT ?= $(wildcard *.dot)
svg: ## graphs of quark-mon as pictures: [DOT=files], or all that are here
	$(Q)packaging/svg.sh $(DOT)

check-scripts: | deps ## the shell scripts, by shellcheck
	$(Q)shellcheck -x $(SCRIPTS)

check-docs: | deps ## the manual: its form, and the pages of functions against quark.h
	$(Q)mandoc -Tlint -Wwarning man/*.[1-9]
	$(Q)man/check.py man Sources/CQuark/include/quark.h
	$(Q)man/readme.sh | cmp -s - README.md || { echo 'README.md is older than man/quark.7: make README.md' >&2; exit 1; }

# ---- cleaning

clean: ## remove what make made
	$(Q)rm -rf docs
	$(Q)rm -f $(TOOLS) $(EXAMPLES) libquark.a libquark_big.a libquark.so initramfs.gz $(BPF_OBJECTS) *.tmp

clean-all: clean ## also build folders, kernel links and test results
	$(Q)rm -rf .build .build-* Package.resolved kernel-images/amd64 kernel-images/arm64 test-results
