/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every check of the doctor complains of what it is about, and of nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "controller/roles/engine/doctor.h"

#define X                                                                              \
	.address = "172.31.0.1", .interfaces = ZL_HOST_INTERFACES_IFINDEX,             \
	.is_heard = true, .quiet_s = 1, .datagrams = 100, .decoded = 1000,             \
	.sampling = 1, .has_offset = true, .offset_ms = -20, .records = 1000,          \
	.tapped = 950, .tap_s = 1
#define F                                                                              \
	.host = "hv1", .libvirt = ZL_HOST_UP, .libvirt_reason = "", .has_agent = true, \
	.is_agent_up = true, .agent_reason = "", .running = 2, .nics = 2, .on_tap = 2, \
	.refused_address = "", .is_collector_up = true, .buffer = 8388608

struct doctor_case {
	const char *name;
	struct zl_doctor_facts f;
	struct zl_doctor_exporter x;
	bool no_exporter;
	/* what is not ok, with its state: "bad sampling " */
	const char *want;
	const char *hint; /* is in one of the hints */
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
/* clang-format off */
static struct doctor_case cases[] = {
	{ "all is well", { F }, { X }, .want = "" },
	{ "libvirt is away", { F, .libvirt = ZL_HOST_STALE, .libvirt_reason = "no route" }, { X },
	  .want = "bad libvirt ", .hint = "virsh -c" },
	{ "no domain runs", { F, .running = 0, .nics = 0, .on_tap = 0 }, { X, .tapped = 0 },
	  .want = "warn domains warn tap " },
	{ "no agent", { F, .has_agent = false, .is_agent_up = false }, { X, .tapped = 0, .unknown_interface = 1000 },
	  .want = "bad agent bad tap ", .hint = "systemctl enable --now zonelock-agent" },
	{ "agent down", { F, .is_agent_up = false, .agent_reason = "refused" }, { X },
	  .want = "bad agent ", .hint = "systemctl status zonelock-agent" },
	{ "one NIC is macvtap", { F, .on_tap = 1, .astray = "web1 52:54:00:00:00:01: it has none (type direct)" }, { X },
	  .want = "warn taps " },
	{ "no NIC is a tap", { F, .on_tap = 0, .astray = "web1: 'vnet0' is on no bridge" }, { X },
	  .want = "bad taps " },
	{ "no exporter", { F }, { .address = "" }, .no_exporter = true,
	  .want = "bad enrolled ", .hint = "<exporter address='ADDRESS'" },
	{ "no exporter, but somebody sends", { F, .refused = 1, .refused_address = "10.0.0.9", .refused_datagrams = 7 },
	  { .address = "" }, .no_exporter = true,
	  .want = "bad enrolled bad refused ", .hint = "<exporter address='10.0.0.9'" },
	{ "never heard", { F }, { X, .is_heard = false, .datagrams = 0, .decoded = 0, .records = 0, .tapped = 0, .has_offset = false },
	  .want = "bad silence ", .hint = "host-exporter hv1 --show" },
	{ "never heard, but another is", { F, .refused = 2, .refused_address = "10.0.0.9", .refused_datagrams = 7 },
	  { X, .is_heard = false, .datagrams = 0, .decoded = 0, .records = 0, .tapped = 0, .has_offset = false },
	  .want = "bad refused bad silence ", .hint = "<exporter address='10.0.0.9'" },
	{ "somebody else's datagrams", { F, .refused = 1, .refused_address = "10.0.0.9", .refused_datagrams = 7 }, { X },
	  .want = "warn refused " },
	{ "silent", { F }, { X, .is_silent = true, .quiet_s = 100 }, .want = "bad silence " },
	{ "no template", { F }, { X, .decoded = 0, .records = 0, .tapped = 0, .drop = "data came before its template" },
	  .want = "bad records warn tap ", .hint = "template" },
	{ "only templates", { F }, { X, .decoded = 0, .records = 0, .tapped = 0 }, .want = "warn records warn tap " },
	{ "lost on the way", { F }, { X, .loss_ppm = 20000 }, .want = "warn loss " },
	{ "numbering not told", { F }, { X, .interfaces = ZL_HOST_INTERFACES_NONE, .tapped = 0 },
	  .want = "bad numbering ", .hint = "interfaces='ifindex'" },
	{ "OpenFlow ports", { F }, { X, .interfaces = ZL_HOST_INTERFACES_OPENFLOW, .tapped = 0 },
	  .want = "bad numbering ", .hint = "IPFIX or sFlow" },
	{ "fixed numbers", { F }, { X, .interfaces = ZL_HOST_INTERFACES_FIXED, .tapped = 0 },
	  .want = "bad numbering ", .hint = "tells the tap" },
	{ "some without interface", { F }, { X, .no_interface = 300, .tapped = 700 }, .want = "warn interface " },
	{ "none with interface", { F }, { X, .no_interface = 1000, .tapped = 0 },
	  .want = "bad interface bad tap ", .hint = "pcap_interfaces_map" },
	{ "unknown interfaces", { F }, { X, .unknown_interface = 1000, .tapped = 0 },
	  .want = "bad known bad tap ", .hint = "ip link" },
	{ "only the uplink", { F }, { X, .tapped = 0 }, .want = "bad tap " },
	{ "nothing to say", { F }, { X, .records = 0, .tapped = 0, .datagrams = 0, .decoded = 0 }, .want = "warn tap " },
	{ "sampling not told", { F }, { X, .sampling = 0 }, .want = "bad sampling ", .hint = "sampling='1'" },
	{ "sampled", { F }, { X, .sampling = 400 }, .want = "warn sampling " },
	{ "clock behind", { F }, { X, .offset_ms = 7000 }, .want = "warn clock " },
	{ "clock ahead", { F }, { X, .offset_ms = -7000 }, .want = "warn clock " },
	{ "no collector", { F, .is_collector_up = false }, { X }, .want = "bad collector " },
	{ "small buffer", { F, .buffer = 212992 }, { X }, .want = "warn buffer ", .hint = "rmem_max" },
	{ "kernel drops", { F, .kernel_drops = 3 }, { X }, .want = "bad buffer ", .hint = "rmem_max" },
	{ "ring drops", { F, .ring_drops = 3 }, { X }, .want = "bad ring " },
};
/* clang-format on */
#pragma GCC diagnostic pop

struct seen {
	char all[512];
	const char *hint;
	bool hinted;
};

static void note(const struct zl_doctor_answer *a, void *user)
{
	struct seen *s = user;
	size_t n = strlen(s->all);

	assert_true(a->text[0] != '\0' && a->asks[0] != '\0');
	assert_true(a->state < ZL_DOCTOR_SKIP);
	if (a->state == ZL_DOCTOR_OK) {
		assert_string_equal("", a->hint);
		return;
	}
	if (s->hint != NULL && strstr(a->hint, s->hint) != NULL)
		s->hinted = true;
	(void)snprintf(s->all + n, sizeof(s->all) - n, "%s %s ",
		zl_doctor_state_name(a->state), a->check);
}

static void test_doctor(void **state)
{
	const struct doctor_case *c = *state;
	struct seen s = { .hint = c->hint };
	struct zl_doctor_facts f = c->f;

	f.exporters = &c->x;
	f.n_exporters = c->no_exporter ? 0 : 1;
	zl_doctor(&f, note, &s);
	assert_string_equal(c->want, s.all);
	assert_true(c->hint == NULL || s.hinted);
}

int main(void)
{
	struct CMUnitTest tests[N_ITEMS(cases)] = { 0 };

	for (size_t i = 0; i < N_ITEMS(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_doctor,
			.initial_state = &cases[i] };
	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
