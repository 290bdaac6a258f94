# SPDX-License-Identifier: GPL-2.0-or-later
# zonelock: one Makefile, no configure step.  `make help` lists the targets.
#
# Everything built goes below $(B).  A new file in an existing folder, a new unit test, a
# new fuzz target needs no edit here.

MODE ?= debug# debug, release, san (gcc, ASan + UBSan), fuzz (clang, libFuzzer too)
B ?= build/$(MODE)
V ?= 0# 1 shows the commands
Q = $(if $(filter 1,$(V)),,@)
VERSION := 0.1.0
FUZZ_TIME ?= 60# seconds for each fuzz target
LAB ?=# scenarios for make lab, all when empty
BENCH ?=# options for make bench: --only v9, --rounds 5
BENCH_TMP ?= $(or $(wildcard /dev/shm),/tmp)

# --- what must be installed (Debian 12 names): the one list -----------------
DEPS_BUILD = gcc make pkg-config libc6-dev linux-libc-dev libvirt-dev libxml2-dev \
	libmnl-dev libnftnl-dev libsqlite3-dev libjansson-dev libsystemd-dev \
	libgnutls28-dev libseccomp-dev libinih-dev libpcap-dev libcmocka-dev
DEPS_LINT = clang clang-format clang-tidy cppcheck shellcheck codespell libxml2-utils \
	groff-base git
DEPS_LAB = libvirt-daemon libvirt-daemon-system libvirt-clients libvirt-daemon-driver-qemu \
	libvirt-daemon-config-nwfilter qemu-system-x86 pmacct softflowd \
	openvswitch-switch nftables ebtables iptables iproute2 \
	busybox-static cpio tcpdump jq python3 util-linux procps kmod mount systemd
DEPS_BENCH = nfdump
DEPS = $(DEPS_BUILD) $(DEPS_LINT) $(DEPS_LAB) $(DEPS_BENCH)

# --- folders, programs, libraries --------------------------------------------
FOLDERS = base inventory policy mitigate mitigate/agent mitigate/actuator \
	controller/flow controller/analyze controller/store controller/control \
	controller/roles/parent controller/roles/engine controller/cli exporter
PROGRAMS = zonelockd zonelock-collector zonelock-engine zonelock-inventory \
	zonelock-replay zonelock-actuator zonelock-agent zonelock-exporter zonelock
MAIN_zonelockd = controller/roles/parent.c
MAIN_zonelock-collector = controller/roles/collector.c
MAIN_zonelock-engine = controller/roles/engine.c
MAIN_zonelock-inventory = controller/roles/inventory.c
MAIN_zonelock-replay = controller/roles/replay.c
MAIN_zonelock-actuator = mitigate/actuator/main.c
MAIN_zonelock-agent = mitigate/agent/main.c
MAIN_zonelock-exporter = exporter/main.c
MAIN_zonelock = controller/cli/main.c
PKGS = libvirt libvirt-qemu libxml-2.0 libmnl libnftnl sqlite3 jansson libsystemd \
	gnutls libseccomp inih libpcap

# --- where it is installed -----------------------------------------------------
DESTDIR ?=
PREFIX ?= /usr
SYSCONFDIR ?= /etc
LIBEXECDIR ?= $(PREFIX)/libexec/zonelock
DATADIR ?= $(PREFIX)/share/zonelock
DOCDIR ?= $(PREFIX)/share/doc/zonelock
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions

# --- flags --------------------------------------------------------------------
comma = ,
SANITIZE = address,undefined
CC_fuzz = clang
ifeq ($(origin CC),default)
CC = $(or $(CC_$(MODE)),gcc)
endif
WARN = -Wall -Wextra -Wshadow -Wvla -Wundef -Wformat=2 -Wswitch-enum \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-Wcast-qual -Wimplicit-fallthrough $(if $(CI),-Werror)
HARDEN = -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
OPT_debug = -O1 -g -D_FORTIFY_SOURCE=2
OPT_release = -O2 -g -D_FORTIFY_SOURCE=2
OPT_san = -O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE) \
	-fno-sanitize-recover=undefined
OPT_fuzz = $(OPT_san) -fsanitize=fuzzer-no-link
CPPFLAGS += -I. -D_GNU_SOURCE -DZL_VERSION='"$(VERSION)"' \
	-DZL_LIBEXECDIR='"$(LIBEXECDIR)"' -DZL_SYSCONFDIR='"$(SYSCONFDIR)"' \
	-DZL_DATADIR='"$(DATADIR)"'
ALL_CFLAGS = -std=gnu17 $(WARN) $(HARDEN) $(OPT_$(MODE)) $(CFLAGS) $(PKG_CFLAGS)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--as-needed
LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

# --- derived ------------------------------------------------------------------
mains = $(foreach p,$(PROGRAMS),$(MAIN_$(p)))
preload_src = exporter/immediate.c# preloaded into pmacctd
lib_src = $(filter-out $(mains) $(preload_src),$(wildcard $(1)/*.c))
lib_of = $(B)/lib/$(subst /,-,$(1)).a
obj_of = $(patsubst %.c,$(B)/obj/%.o,$(1))
archives := $(foreach f,$(FOLDERS),$(if $(call lib_src,$(f)),$(call lib_of,$(f))))
support_o := $(call obj_of,$(filter-out tests/support/guest.c,$(wildcard tests/support/*.c)))
support := $(B)/lib/tests-support.a
programs := $(foreach p,$(PROGRAMS),$(B)/bin/$(p))
preload := $(B)/bin/zonelock-immediate.so
unit_tests := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
bench_objects := $(call obj_of,$(filter-out %/inventory.c,$(wildcard tests/bench/*.c)))
fuzz_names := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
replays := $(fuzz_names:%=$(B)/fuzz/replay_%)
group = -Wl,--start-group $(archives) -Wl,--end-group
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))
link = $(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o $(support),$^) $(group) $(LIBS)
san_b = $(if $(filter build/debug,$(B)),build/san,$(B)-san)

# All processors; -j on the command line wins.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all help deps have-deps programs tests unit golden-update check check-san lab lint \
	lint-selftest demo bench bench-run fuzz hooks install uninstall clean $(fuzz_names:%=fuzz-%)

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

deps: ## install what is missing (Debian 12, as root)
	@tests/deps $(DEPS)

all: programs ## build the programs (MODE=debug|release|san, output in build/MODE)

programs: $(programs) $(preload)

tests: $(unit_tests) $(replays)

unit: programs tests ## unit tests: about a minute, no network, no root needed
	@B=$(B) tests/unit/run $(unit_tests) $(replays)

golden-update: programs tests ## rewrite the expected outputs; read the difference
	@B=$(B) ZL_GOLDEN_UPDATE=1 tests/unit/run $(B)/tests/test_cli $(B)/tests/test_metrics_table

check: ## everything this machine can test: deps, unit, lint, unit under sanitizers, lab
	+@B=$(B) MAKE="$(MAKE)" tests/check

check-san: ## the unit tests under AddressSanitizer and UBSan
	+@$(MAKE) --no-print-directory MODE=san B=$(san_b) unit

lab: programs tests ## real kernel, libvirt, machines and packets (root); LAB=NAME runs some
	@B=$(B) tests/lab/run $(LAB)

lint lint-selftest: export CFLAGS_LINT = -std=gnu17 $(subst ',,$(CPPFLAGS)) $(PKG_CFLAGS)
lint: | have-deps ## form, layers, tables, static analysis
	@tests/lint/run

lint-selftest: | have-deps ## see each check of lint fail on a copy that is broken for it
	@tests/lint/selftest

demo: ## install what is missing, build, and show the main job on two hypervisors (root)
	@tests/deps $(DEPS)
	+@$(MAKE) --no-print-directory all
	@B=$(B) tests/lab/demo.sh

fuzz: ## run all fuzz targets, FUZZ_TIME=60 seconds each (clang); fuzz-NAME runs one
	+@for t in $(fuzz_names); do $(MAKE) --no-print-directory fuzz-$$t || exit 1; done

$(fuzz_names:%=fuzz-%): fuzz-%:
	+@$(MAKE) --no-print-directory MODE=fuzz B=build/fuzz build/fuzz/fuzz/fuzz_$*
	@mkdir -p build/fuzz/corpus/$*
	build/fuzz/fuzz/fuzz_$* -max_total_time=$(FUZZ_TIME) -artifact_prefix=build/fuzz/ \
		build/fuzz/corpus/$* tests/fuzz/corpus/$*

bench: ## what a flow costs, beside other collectors; BENCH_SECONDS=60 for long runs
	+@$(MAKE) --no-print-directory MODE=release B=build/bench bench-run

bench-run: programs $(B)/bench/bench $(B)/bench/inventory
	@TMPDIR=$(BENCH_TMP) $(B)/bench/bench $(BENCH) $(B)/summary.json

hooks: ## check each commit before it is made (tests/lint/pre-commit)
	ln -sf ../../tests/lint/pre-commit .git/hooks/pre-commit

clean: ## remove everything built
	rm -rf build

# --- rules ----------------------------------------------------------------------
have-deps:
	@pkg-config --exists $(PKGS) 2>/dev/null || { \
		echo "error: libraries to build with are missing: run 'sudo make deps'" >&2; exit 1; }

# Other flags (PREFIX, CI, CFLAGS) make other objects.
flags := $(CC) $(CPPFLAGS) $(ALL_CFLAGS)
ifneq ($(flags),$(file <$(B)/flags))
ifneq ($(shell mkdir -p $(B) 2>/dev/null && test -w $(B) && echo yes),)
$(file >$(B)/flags,$(flags))
endif
endif

$(B)/flags:
	@echo "error: cannot write below $(B)" >&2; exit 1

$(B)/obj/%.o: %.c $(B)/flags | have-deps
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What .incbin reads (base/embed.h) is not seen by -MMD.
$(B)/obj/policy/zone.o: policy/zone.rng
$(B)/obj/policy/lock.o: policy/lock.rng
$(B)/obj/inventory/host.o: inventory/host.rng
$(B)/obj/controller/control/methods.o: docs/org.zonelock.Controller.varlink

define archive_rule
$(call lib_of,$(1)): $(call obj_of,$(call lib_src,$(1)))
	@mkdir -p $$(@D)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call archive_rule,$(f))))

define program_rule
$(B)/bin/$(1): $(call obj_of,$(MAIN_$(1))) $(archives)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(link)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# Into a program that is not ours: no sanitizers.
$(preload): $(preload_src) $(B)/flags | have-deps
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared -Wl,-z,relro,-z,now -o $@ $<

# An archive: a test depends on no library that it does not use.
$(support): $(support_o)
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/tests/%: $(B)/obj/tests/unit/%.o $(support) $(archives)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link) -lcmocka

$(B)/bench/bench: $(bench_objects) $(support) $(archives)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link) -lm -lpcap -lcmocka

$(B)/bench/inventory: $(B)/obj/tests/bench/inventory.o $(B)/obj/tests/bench/fleet.o $(archives)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link)

$(B)/fuzz/replay_%: $(B)/obj/tests/fuzz/fuzz_%.o $(B)/obj/tests/fuzz/replay.o $(support) $(archives)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link) -lcmocka

$(B)/fuzz/fuzz_%: $(B)/obj/tests/fuzz/fuzz_%.o $(support) $(archives)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link) -lcmocka -fsanitize=fuzzer

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# --- install --------------------------------------------------------------------
# Units name the programs below /usr; with another PREFIX they are told.
to = $(DESTDIR)$(1)
sbin = $(B)/bin/zonelockd $(B)/bin/zonelock-agent $(B)/bin/zonelock-exporter
at_prefix = sed 's|/usr/sbin/|$(PREFIX)/sbin/|' $(1) >$(2) && chmod 0644 $(2)

install: programs ## install below DESTDIR and PREFIX (MODE=release for use)
	install -d $(call to,$(PREFIX)/bin) $(call to,$(PREFIX)/sbin) $(call to,$(LIBEXECDIR)) \
		$(call to,$(UNITDIR)) $(call to,$(SYSUSERSDIR)) $(call to,$(TMPFILESDIR)) \
		$(call to,$(DATADIR)/schemas) $(call to,$(DOCDIR)/examples) \
		$(call to,$(COMPLETIONDIR)) $(call to,$(MANDIR)/man1) $(call to,$(MANDIR)/man5) \
		$(call to,$(MANDIR)/man8) $(call to,$(SYSCONFDIR)/zonelock)
	install -m 0755 $(B)/bin/zonelock $(call to,$(PREFIX)/bin)
	install -m 0755 $(sbin) $(call to,$(PREFIX)/sbin)
	install -m 0755 $(filter-out %/zonelock $(sbin),$(programs)) $(call to,$(LIBEXECDIR))
	install -m 0644 $(preload) $(call to,$(LIBEXECDIR))
	$(call at_prefix,systemd/zonelockd.service,$(call to,$(UNITDIR)/zonelockd.service))
	$(call at_prefix,systemd/zonelock-agent.service,$(call to,$(UNITDIR)/zonelock-agent.service))
	$(call at_prefix,systemd/zonelock-exporter.service,$(call to,$(UNITDIR)/zonelock-exporter.service))
	install -m 0644 systemd/zonelock.sysusers $(call to,$(SYSUSERSDIR)/zonelock.conf)
	install -m 0644 systemd/zonelock.tmpfiles $(call to,$(TMPFILESDIR)/zonelock.conf)
	install -m 0644 policy/zone.rng policy/lock.rng inventory/host.rng $(call to,$(DATADIR)/schemas)
	install -m 0644 docs/org.zonelock.Controller.varlink $(call to,$(DATADIR))
	install -m 0644 examples/*.xml examples/*.conf $(call to,$(DOCDIR)/examples)
	install -m 0644 README.md ARCHITECTURE.md CHANGELOG.md docs/exporters.md docs/metrics.md $(call to,$(DOCDIR))
	install -m 0644 docs/zonelock.bash-completion $(call to,$(COMPLETIONDIR)/zonelock)
	for s in 1 5 8; do install -m 0644 docs/man/*.$$s $(call to,$(MANDIR)/man)$$s || exit 1; done
	for f in zonelockd agent exporter; do to=$(call to,$(SYSCONFDIR)/zonelock/$$f.conf); \
		test -e $$to || install -m 0644 examples/$$f.conf $$to || exit 1; done

uninstall: ## remove what install put there; configuration and state stay
	rm -f $(call to,$(PREFIX)/bin/zonelock) $(call to,$(PREFIX)/sbin/zonelockd) \
		$(call to,$(PREFIX)/sbin/zonelock-agent) $(call to,$(PREFIX)/sbin/zonelock-exporter) \
		$(call to,$(UNITDIR)/zonelockd.service) $(call to,$(UNITDIR)/zonelock-agent.service) \
		$(call to,$(UNITDIR)/zonelock-exporter.service) $(call to,$(SYSUSERSDIR)/zonelock.conf) \
		$(call to,$(TMPFILESDIR)/zonelock.conf) $(call to,$(COMPLETIONDIR)/zonelock) \
		$(foreach m,$(wildcard docs/man/*),$(call to,$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m))))
	rm -rf $(call to,$(LIBEXECDIR)) $(call to,$(DATADIR)) $(call to,$(DOCDIR))
