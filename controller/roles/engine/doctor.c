/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks.
 *
 * To add one, write a function that says what it found and how to mend it, and add its
 * row; the order is that of a packet's way from its domain to the engine.
 */
#include "controller/roles/engine/doctor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"

enum {
	OFFSET_MOST_MS = 3000,
	LOSS_MOST_PPM = 1000,	    /* 0.1 % */
	BUFFER_LEAST = 1024 * 1024, /* holds a burst of some thousand datagrams */
	FEW = 10,		    /* one in so many is nothing to speak of */
};

/* `x`: the exporter that it is about, when it is about one. */
#define CHECK(name)                                                                    \
	static enum zl_doctor_state name(const struct zl_doctor_facts *f,              \
		const struct zl_doctor_exporter *x, struct zl_doctor_answer *a)

static void say(struct zl_doctor_answer *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void advise(struct zl_doctor_answer *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct zl_doctor_answer *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
}

static void advise(struct zl_doctor_answer *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(a->hint, sizeof(a->hint), fmt, ap);
	va_end(ap);
}

/* --- the host --- */

CHECK(by_libvirt)
{
	(void)x;
	if (f->libvirt == ZL_HOST_UP) {
		say(a, "libvirt answers");
		return ZL_DOCTOR_OK;
	}
	say(a, "libvirt does not answer: %s",
		f->libvirt_reason[0] == '\0' ? "it is being connected to"
					     : f->libvirt_reason);
	advise(a,
		"try: virsh -c URI list, with the uri of zonelock host-dumpxml %s, as "
		"the user of zonelock's inventory",
		f->host);
	return ZL_DOCTOR_BAD;
}

CHECK(by_agent)
{
	(void)x;
	if (f->is_agent_up) {
		say(a, "the agent answers");
		return ZL_DOCTOR_OK;
	}
	if (!f->has_agent) {
		say(a, "the host has no agent: nobody says which tap an interface "
		       "number "
		       "is");
		advise(a, "on the host: systemctl enable --now zonelock-agent; in the "
			  "host's XML: "
			  "<agent address='unix:///run/zonelock-agent/agent.sock'/>");
		return ZL_DOCTOR_BAD;
	}
	say(a, "the agent does not answer: %s", f->agent_reason);
	advise(a, "on the host: systemctl status zonelock-agent");
	return ZL_DOCTOR_BAD;
}

CHECK(by_domains)
{
	(void)x;
	if (f->libvirt != ZL_HOST_UP)
		return ZL_DOCTOR_SKIP;
	say(a, "%u %s", f->running, f->running == 1 ? "domain runs" : "domains run");
	if (f->running > 0)
		return ZL_DOCTOR_OK;
	say(a, "no domain runs on the host, so nothing can come from a tap");
	advise(a, "see: zonelock domain-list");
	return ZL_DOCTOR_WARN;
}

CHECK(by_taps)
{
	(void)x;
	if (!f->is_agent_up || f->running == 0)
		return ZL_DOCTOR_SKIP;
	if (f->nics == 0) {
		say(a, "the domains that run have no network interface");
		return ZL_DOCTOR_WARN;
	}
	say(a, "%u of %u network interfaces %s on a bridge", f->on_tap, f->nics,
		f->on_tap == 1 ? "is a tap" : "are taps");
	if (f->astray == NULL)
		return ZL_DOCTOR_OK;
	say(a, "%u of %u network interfaces %s no tap on a bridge: %s",
		f->nics - f->on_tap, f->nics, f->nics - f->on_tap == 1 ? "is" : "are",
		f->astray);
	advise(a, "their domains can be seen by address only, and not be contained by "
		  "nftables: use <interface type='bridge'> or 'network'");
	return f->on_tap == 0 ? ZL_DOCTOR_BAD : ZL_DOCTOR_WARN;
}

CHECK(by_enrolled)
{
	(void)x;
	say(a, "the host's XML names its exporter");
	if (f->n_exporters > 0)
		return ZL_DOCTOR_OK;
	say(a, "the host has no exporter: no flow record can be from it");
	advise(a,
		"set one up (zonelock host-exporter %s --show), and in the host's XML: "
		"<exporter address='%s' interfaces='ifindex' sampling='1'/>",
		f->host, f->refused > 0 ? f->refused_address : "ADDRESS");
	return ZL_DOCTOR_BAD;
}

static bool is_one_missing(const struct zl_doctor_facts *f)
{
	for (size_t i = 0; i < f->n_exporters; i++)
		if (!f->exporters[i].is_heard || f->exporters[i].is_silent)
			return true;
	return f->n_exporters == 0;
}

/* Whose they are is not known: they are said of every host. */
CHECK(by_refused)
{
	bool missing = is_one_missing(f);

	(void)x;
	say(a, "no datagrams come from an address that is no host's exporter");
	if (f->refused == 0)
		return ZL_DOCTOR_OK;
	say(a,
		"datagrams come from %u address%s that no host names as its exporter, "
		"and are refused: %" PRIu64 " from %s",
		f->refused, f->refused == 1 ? "" : "es", f->refused_datagrams,
		f->refused_address);
	advise(a,
		"if that is this host: <exporter address='%s' interfaces='ifindex' "
		"sampling='1'/> in its XML; if not, stop who sends them",
		f->refused_address);
	return missing ? ZL_DOCTOR_BAD : ZL_DOCTOR_WARN;
}

/* --- an exporter --- */

CHECK(by_silence)
{
	say(a, "it was heard %" PRIu64 " s ago", x->quiet_s);
	if (x->is_heard && !x->is_silent)
		return ZL_DOCTOR_OK;
	if (!x->is_heard)
		say(a, "nothing has ever come from it");
	else
		say(a, "nothing has come from it for %" PRIu64 " s", x->quiet_s);
	advise(a,
		"on the host: is the exporter running, does it send to this machine, "
		"to "
		"a port of listen = in zonelockd.conf, and does a firewall let it? "
		"zonelock host-exporter %s --show says how it is set up",
		f->host);
	return ZL_DOCTOR_BAD;
}

CHECK(by_records)
{
	(void)f;
	if (!x->is_heard || x->is_silent)
		return ZL_DOCTOR_SKIP;
	say(a,
		"%" PRIu64 " records came with %" PRIu64
		" datagrams in the last minutes",
		x->decoded, x->datagrams);
	if (x->decoded > 0 || x->datagrams == 0)
		return ZL_DOCTOR_OK;
	say(a, "%" PRIu64 " datagrams came in the last minutes, and no record: %s",
		x->datagrams,
		x->drop == NULL ? "they have templates or counters only" : x->drop);
	advise(a,
		"see: zonelock exporter-show %s; after a restart of zonelock a "
		"template "
		"that was never seen may take up to the exporter's own interval for "
		"templates",
		x->address);
	return x->drop == NULL ? ZL_DOCTOR_WARN : ZL_DOCTOR_BAD;
}

CHECK(by_loss)
{
	(void)f;
	if (!x->is_heard || x->datagrams == 0)
		return ZL_DOCTOR_SKIP;
	say(a, "less than %.1f %% of what it sent was lost", LOSS_MOST_PPM / 1e4);
	if (x->loss_ppm <= LOSS_MOST_PPM)
		return ZL_DOCTOR_OK;
	say(a, "%.1f %% of what it sent in the last minutes was lost on the way",
		x->loss_ppm / 1e4);
	advise(a, "see the checks of buffer and ring; if they are ok it is lost in the "
		  "network, or the exporter counts wrongly");
	return ZL_DOCTOR_WARN;
}

CHECK(by_numbering)
{
	static const char *const why[ZL_HOST_INTERFACES_N] = {
		[ZL_HOST_INTERFACES_NONE] = "are not used, because the host's XML does "
					    "not say what they are",
		[ZL_HOST_INTERFACES_IFINDEX] = "are those of the host",
		[ZL_HOST_INTERFACES_NAME] = "go by the names that it tells",
		[ZL_HOST_INTERFACES_OPENFLOW] =
			"are ports of a switch, which are no taps",
		[ZL_HOST_INTERFACES_FIXED] =
			"were given to it by hand, the same for what enters and leaves",
	};

	(void)f;
	say(a, "its interface numbers %s", why[x->interfaces]);
	if (zl_host_interfaces_show_taps(x->interfaces))
		return ZL_DOCTOR_OK;
	advise(a, "%s, and name interfaces='ifindex' in the host's XML",
		x->interfaces == ZL_HOST_INTERFACES_OPENFLOW
			? "let Open vSwitch send IPFIX or sFlow instead of NetFlow"
		: x->interfaces == ZL_HOST_INTERFACES_FIXED
			? "use an exporter that tells the tap"
			: "make sure that they are the numbers of 'ip link'");
	return ZL_DOCTOR_BAD;
}

/* Nearly none is ok, some is worth a word, all is what is missing. */
static enum zl_doctor_state weigh(uint64_t n, uint64_t all)
{
	if (n * FEW <= all)
		return ZL_DOCTOR_OK;
	return n < all ? ZL_DOCTOR_WARN : ZL_DOCTOR_BAD;
}

CHECK(by_interface)
{
	enum zl_doctor_state s = weigh(x->no_interface, x->records);

	(void)f;
	if (!zl_host_interfaces_show_taps(x->interfaces) || x->records == 0)
		return ZL_DOCTOR_SKIP;
	say(a, "its records name an interface");
	if (s == ZL_DOCTOR_OK)
		return s;
	say(a,
		"%" PRIu64 " of %" PRIu64
		" records of the last minutes name no interface",
		x->no_interface, x->records);
	advise(a,
		"pmacctd: pcap_interfaces_map and in_iface in aggregate, and a restart "
		"when taps come and go (zonelock-exporter does it); Open vSwitch: "
		"IPFIX or "
		"sFlow");
	return s;
}

CHECK(by_known)
{
	enum zl_doctor_state s = weigh(x->unknown_interface, x->records);

	(void)f;
	if (!zl_host_interfaces_show_taps(x->interfaces) || x->records == 0 ||
		!f->is_agent_up)
		return ZL_DOCTOR_SKIP;
	say(a, "the agent knows the interfaces that its records name");
	if (s == ZL_DOCTOR_OK)
		return s;
	say(a,
		"%" PRIu64 " of %" PRIu64
		" records of the last minutes name an interface "
		"that the agent does not know",
		x->unknown_interface, x->records);
	advise(a, "compare exporter's numbers with 'ip link' on the host: is it the "
		  "exporter of this host, are they its ifindexes, and was it restarted "
		  "since the taps were made?");
	return s;
}

CHECK(by_tap)
{
	if (!x->is_heard || !zl_host_interfaces_show_taps(x->interfaces))
		return ZL_DOCTOR_SKIP;
	say(a,
		"%" PRIu64 " of %" PRIu64
		" records of the last minutes came from a tap, the "
		"last one %" PRIu64 " s ago",
		x->tapped, x->records, x->tap_s);
	if (x->tapped > 0)
		return ZL_DOCTOR_OK;
	if (x->records == 0)
		say(a, "no record came in the last minutes");
	else
		say(a,
			"none of the %" PRIu64
			" records of the last minutes came from a "
			"domain's tap",
			x->records);
	advise(a, "%s",
		x->records == 0
			? "let a domain send something, and ask again"
			: "the exporter must listen at the taps, and tell them as "
			  "the interface of entry: see the other checks");
	return x->records == 0 || f->running == 0 ? ZL_DOCTOR_WARN : ZL_DOCTOR_BAD;
}

CHECK(by_sampling)
{
	(void)f;
	say(a, "it does not sample");
	if (x->sampling == 1)
		return ZL_DOCTOR_OK;
	if (x->sampling == 0) {
		if (!x->is_heard || x->datagrams == 0)
			return ZL_DOCTOR_SKIP;
		say(a, "nobody says whether it samples, which bars automatic action");
		advise(a,
			"in the host's XML: <exporter address='%s' … sampling='1'/> "
			"when it "
			"leaves no packet out, sampling='N' when it takes one in N",
			x->address);
		return ZL_DOCTOR_BAD;
	}
	say(a,
		"it looks at one packet in %u: what a domain does with few packets is "
		"not "
		"seen",
		x->sampling);
	advise(a, "let it look at all packets (Open vSwitch: sampling=1)");
	return ZL_DOCTOR_WARN;
}

CHECK(by_clock)
{
	int64_t off = x->offset_ms < 0 ? -x->offset_ms : x->offset_ms;

	(void)f;
	if (!x->has_offset)
		return ZL_DOCTOR_SKIP;
	say(a, "its clock is right");
	if (off <= OFFSET_MOST_MS)
		return ZL_DOCTOR_OK;
	say(a, "its clock is %.1f s %s ours", (double)off / 1e3,
		x->offset_ms > 0 ? "behind" : "ahead of");
	advise(a, "keep both by NTP; decisions go by the time of arrival, but the "
		  "times of "
		  "flows are the exporter's");
	return ZL_DOCTOR_WARN;
}

/* --- here --- */

CHECK(by_collector)
{
	(void)x;
	say(a, "the collector runs");
	if (f->is_collector_up)
		return ZL_DOCTOR_OK;
	say(a, "the collector does not run");
	advise(a, "see: zonelock daemon-status, and the journal of zonelockd");
	return ZL_DOCTOR_BAD;
}

CHECK(by_buffer)
{
	(void)x;
	if (!f->is_collector_up || f->buffer == 0)
		return ZL_DOCTOR_SKIP;
	say(a, "the kernel dropped no datagrams for want of room");
	if (f->kernel_drops == 0 && f->buffer >= BUFFER_LEAST)
		return ZL_DOCTOR_OK;
	advise(a,
		"raise net.core.rmem_max, and receive-buffer = in zonelockd.conf, and "
		"restart zonelockd");
	if (f->kernel_drops == 0) {
		say(a, "the receive buffer has %" PRIu64 " KiB, which a burst can fill",
			f->buffer / 1024);
		return ZL_DOCTOR_WARN;
	}
	say(a,
		"the kernel dropped %" PRIu64
		" datagrams in the last minutes: the receive "
		"buffer of %" PRIu64 " KiB was full",
		f->kernel_drops, f->buffer / 1024);
	return ZL_DOCTOR_BAD;
}

CHECK(by_ring)
{
	(void)x;
	if (!f->is_collector_up)
		return ZL_DOCTOR_SKIP;
	say(a, "the engine keeps up");
	if (f->ring_drops == 0)
		return ZL_DOCTOR_OK;
	say(a,
		"the engine does not keep up: %" PRIu64
		" records of the last minutes were "
		"dropped",
		f->ring_drops);
	advise(a, "more is sent than this machine can work on: see zonelock "
		  "daemon-status, "
		  "and give it more of a processor");
	return ZL_DOCTOR_BAD;
}

/* clang-format off */
static const struct {
	const char *name, *asks;
	bool of_exporter; /* of each one */
	enum zl_doctor_state (*check)(const struct zl_doctor_facts *f,
		const struct zl_doctor_exporter *x, struct zl_doctor_answer *a);
} checks[] = {
	{ "libvirt",   "does libvirt answer",                              false, by_libvirt },
	{ "agent",     "does the agent answer",                            false, by_agent },
	{ "domains",   "does a domain run",                                false, by_domains },
	{ "taps",      "are the domains' interfaces taps on a bridge",     false, by_taps },
	{ "enrolled",  "does the host's XML name an exporter",             false, by_enrolled },
	{ "refused",   "does something come from an address of no host",   false, by_refused },
	{ "silence",   "does it send",                                     true,  by_silence },
	{ "records",   "can records be read of what it sends",             true,  by_records },
	{ "loss",      "does what it sends arrive",                        true,  by_loss },
	{ "numbering", "do its interface numbers mean anything",           true,  by_numbering },
	{ "interface", "do its records name an interface",                 true,  by_interface },
	{ "known",     "does the agent know these interfaces",             true,  by_known },
	{ "tap",       "do its records come from taps",                    true,  by_tap },
	{ "sampling",  "does it look at every packet",                     true,  by_sampling },
	{ "clock",     "is its clock right",                               true,  by_clock },
	{ "collector", "does the collector run",                           false, by_collector },
	{ "buffer",    "is the receive buffer large enough",               false, by_buffer },
	{ "ring",      "does the engine keep up",                          false, by_ring },
};

static const char *const states[ZL_DOCTOR_N] = {
	[ZL_DOCTOR_OK] = "ok",
	[ZL_DOCTOR_WARN] = "warn",
	[ZL_DOCTOR_BAD] = "bad",
	[ZL_DOCTOR_SKIP] = "skip",
};
/* clang-format on */

const char *zl_doctor_state_name(enum zl_doctor_state s)
{
	return states[s];
}

static void ask(const struct zl_doctor_facts *f, size_t i,
	const struct zl_doctor_exporter *x, zl_doctor_fn each, void *user)
{
	struct zl_doctor_answer a = { .check = checks[i].name,
		.asks = checks[i].asks,
		.exporter = x == NULL ? NULL : x->address };

	a.state = checks[i].check(f, x, &a);
	if (a.state != ZL_DOCTOR_SKIP)
		each(&a, user);
}

void zl_doctor(const struct zl_doctor_facts *f, zl_doctor_fn each, void *user)
{
	for (size_t i = 0; i < N_ITEMS(checks); i++) {
		if (!checks[i].of_exporter)
			ask(f, i, NULL, each, user);
		for (size_t k = 0; checks[i].of_exporter && k < f->n_exporters; k++)
			ask(f, i, &f->exporters[k], each, user);
	}
}
