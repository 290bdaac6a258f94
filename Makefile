# SPDX-License-Identifier: GPL-2.0-or-later
# zonelock: one Makefile, no configure step.  `make help` lists the targets.

MODE ?= debug# debug, san (ASan + UBSan), release
B ?= build/$(MODE)
V ?= 0
Q = $(if $(filter 1,$(V)),,@)
VERSION := 0.1.0

# --- what must be installed (Debian 12 names): the one list -----------------
DEPS_BUILD = gcc make pkg-config libc6-dev libvirt-dev libxml2-dev libmnl-dev \
	libnftnl-dev libsqlite3-dev libjansson-dev libsystemd-dev libgnutls28-dev \
	libseccomp-dev libinih-dev libpcap-dev libcmocka-dev
DEPS_LINT = clang-format clang-tidy cppcheck shellcheck codespell libxml2-utils git
DEPS_LAB = libvirt-daemon libvirt-daemon-system libvirt-clients \
	libvirt-daemon-config-nwfilter qemu-system-x86 pmacct softflowd \
	openvswitch-switch nftables ebtables iptables iproute2 busybox-static cpio \
	tcpdump jq python3 util-linux procps kmod mount openssl sqlite3

# --- folders, programs, libraries --------------------------------------------
FOLDERS = base inventory policy mitigate mitigate/agent mitigate/actuator \
	controller/flow controller/analyze controller/store controller/control \
	controller/roles/parent controller/roles/engine controller/cli
PROGRAMS = zonelockd zonelock-collector zonelock-engine zonelock-inventory \
	zonelock-actuator zonelock-agent zonelock
MAIN_zonelockd = controller/roles/parent.c
MAIN_zonelock-collector = controller/roles/collector.c
MAIN_zonelock-engine = controller/roles/engine.c
MAIN_zonelock-inventory = controller/roles/inventory.c
MAIN_zonelock-actuator = mitigate/actuator/main.c
MAIN_zonelock-agent = mitigate/agent/main.c
MAIN_zonelock = controller/cli/main.c
PKGS = libvirt libvirt-qemu libxml-2.0 libmnl libnftnl sqlite3 jansson libsystemd \
	gnutls libseccomp inih
PREFIX ?= /usr
SYSCONFDIR ?= /etc
LIBEXECDIR ?= $(PREFIX)/libexec/zonelock
DATADIR ?= $(PREFIX)/share/zonelock

# --- flags --------------------------------------------------------------------
CC ?= gcc
WARN = -Wall -Wextra -Wshadow -Wvla -Wundef -Wformat=2 -Wswitch-enum \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-Wcast-qual -Wimplicit-fallthrough $(if $(CI),-Werror)
HARDEN = -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
OPT_debug = -O1 -g -D_FORTIFY_SOURCE=2
OPT_release = -O2 -g -D_FORTIFY_SOURCE=2
OPT_san = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined
CPPFLAGS += -I. -D_GNU_SOURCE -DZL_VERSION='"$(VERSION)"' \
	-DZL_LIBEXECDIR='"$(LIBEXECDIR)"' -DZL_SYSCONFDIR='"$(SYSCONFDIR)"' \
	-DZL_DATADIR='"$(DATADIR)"'
ALL_CFLAGS = -std=gnu17 $(WARN) $(HARDEN) $(OPT_$(MODE)) $(CFLAGS) \
	$(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--as-needed \
	$(if $(filter san,$(MODE)),-fsanitize=address$(comma)undefined)
comma = ,
LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

# --- derived ------------------------------------------------------------------
mains = $(foreach p,$(PROGRAMS),$(MAIN_$(p)))
lib_src = $(filter-out $(mains),$(foreach f,$(FOLDERS),$(wildcard $(f)/*.c)))
support_src = $(filter-out tests/support/guest.c,$(wildcard tests/support/*.c))
lib_of = $(B)/lib/$(subst /,-,$(1)).a
archives = $(foreach f,$(FOLDERS),$(if $(filter-out $(mains),$(wildcard $(f)/*.c)),$(call lib_of,$(f))))
unit_tests = $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
group = -Wl,--start-group $(archives) -Wl,--end-group

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all help deps unit check check-san lab lint demo install clean fuzz hooks programs tests

help: ## print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

all: programs ## build the programs (MODE=debug|san|release, output in build/MODE)

programs: $(foreach p,$(PROGRAMS),$(if $(wildcard $(MAIN_$(p))),$(B)/bin/$(p)))

tests: $(unit_tests)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  CC      $<")
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# .incbin is not seen by -MMD
$(B)/obj/controller/control/methods.o: docs/org.zonelock.Controller.varlink

define archive_rule
$(call lib_of,$(1)): $(patsubst %.c,$(B)/obj/%.o,$(filter-out $(mains),$(wildcard $(1)/*.c)))
	@mkdir -p $$(@D)
	$(if $(filter 1,$(V)),,@echo "  AR      $$@")
	$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call archive_rule,$(f))))

define program_rule
$(B)/bin/$(1): $(patsubst %.c,$(B)/obj/%.o,$(MAIN_$(1))) $(archives)
	@mkdir -p $$(@D)
	$(if $(filter 1,$(V)),,@echo "  LD      $$@")
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $$@ $$< $(group) $(LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

$(B)/tests/%: $(B)/obj/tests/unit/%.o $(patsubst %.c,$(B)/obj/%.o,$(support_src)) $(archives)
	@mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  LD      $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(group) $(LIBS) -lcmocka -lpcap

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

unit: programs tests ## unit tests: under a minute, no network, no root needed
	@B=$(B) tests/unit/run $(unit_tests)

clean: ## remove everything built
	rm -rf build
