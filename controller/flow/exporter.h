/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who sends flow records: the addresses that may, and the state of each that does.
 *
 * Only an exporter whose address lies in one of the allowed prefixes has state; all
 * others share a short list, for the operator who wonders why nothing comes.
 * Everything is bounded: ZL_EXPORTERS_MAX exporters, ZL_STREAMS_MAX streams
 * of each version, ZL_TEMPLATE_ROOM bytes of templates, ZL_PENDING_ROOM of data that
 * waits for one, and the counters of ZL_INTERFACES_MAX interfaces each.
 */
#ifndef ZL_FLOW_EXPORTER_H
#define ZL_FLOW_EXPORTER_H
#include "base/addr.h"
#include "controller/flow/drop.h"
#include "controller/flow/health.h"
#include "controller/flow/ifnames.h"
#include "controller/flow/interfaces.h"
#include "controller/flow/stream.h"

enum {
	ZL_EXPORTERS_MAX = 4096,
	ZL_EXPORTERS_ALLOWED_MAX = 2048,
	ZL_EXPORTERS_REFUSED = 16,
	/* Bytes that all this of one exporter takes at most, with the allocator's overhead and
	 * all tables around it, whatever it sends (measured by tests/unit/test_memory.c). */
	ZL_EXPORTER_MEMORY = 2304 * 1024,
};

struct zl_exporter {
	struct zl_addr address;
	struct zl_map streams; /* struct zl_stream_key -> struct zl_stream, owned */
	struct zl_template_room room;
	struct zl_pending_room pending_room;
	struct zl_ifnames ifnames;
	struct zl_drop_counts drops;
	uint64_t datagrams, records, options; /* flow and options data records */
	struct zl_health health;
	uint32_t sampling; /* of the last record that told; 0: none did */
	/* sFlow: counter samples, and samples of both kinds lost by their sources' own
	 * numbers (those of lost datagrams, and those the agent itself lost). */
	uint64_t counters, samples_lost;
	uint64_t
		samples_dropped; /* packets that the agent says it should have sampled */
	struct zl_interfaces interfaces;
	uint16_t version; /* of the last datagram that had a known one */
	struct zl_wall first_seen, last_seen; /* the first: since when it is counted */
	/* Notes of whoever reports on it, never looked at here. */
	uint64_t reported;		   /* datagrams, when it was last reported */
	struct zl_mono told;		   /* that was when */
	struct zl_mono sampled[ZL_DROP_N]; /* when a reason was last shown */
};

struct zl_exporters {
	struct zl_prefix *allowed;
	size_t n_allowed;
	size_t pending_most; /* room of each; 0: data before its template is dropped */
	struct zl_map by_address; /* struct zl_addr -> struct zl_exporter, owned */
	/* The senders refused last, only counted. */
	struct zl_exporter refused[ZL_EXPORTERS_REFUSED];
};

void zl_exporters_init(struct zl_exporters *x);
void zl_exporters_done(struct zl_exporters *x);

/*
 * Replace the prefixes that may send.  State of exporters that no longer may is
 * forgotten, that of the others kept.  -E2BIG, -ENOMEM: nothing changed.
 */
int zl_exporters_allow(struct zl_exporters *x, const struct zl_prefix *prefixes,
	size_t n, struct zl_error *reterr) ZL_CHECKED;

bool zl_exporters_may_send(const struct zl_exporters *x, const struct zl_addr *address);

/*
 * The exporter at `address`, made when it is new.  One that may not send gets a shared
 * entry of `refused` and *ret_drop is the reason; *ret_drop is ZL_DROP_N otherwise.
 */
struct zl_exporter *zl_exporters_get(
	struct zl_exporters *x, const struct zl_addr *address, enum zl_drop *ret_drop);

/* Find the stream; with `make`, one is made (NULL then: no memory). */
struct zl_stream *zl_exporter_stream(struct zl_exporter *e,
	const struct zl_stream_key *key, bool make, struct zl_mono now);

/*
 * Take back a template of one stream from whoever kept it, the newest first: no stream makes
 * room for another then.  May come before the first zl_exporters_allow(), which forgets
 * those that may not send.  False: it was refused.
 */
bool zl_exporters_recall(struct zl_exporters *x, const struct zl_addr *address,
	const struct zl_stream_key *key, struct zl_cursor raw, bool is_options,
	struct zl_mono now);

/* Forget what a TCP connection from `port` had told. */
void zl_exporter_end_session(struct zl_exporter *e, uint16_t port);

/* Once a second: give up data that has waited too long for its template. */
void zl_exporter_tidy(struct zl_exporter *e, struct zl_mono now);

/* Templates held, and data sets that wait for one, over all streams. */
size_t zl_exporter_templates(const struct zl_exporter *e);
size_t zl_exporter_pending(const struct zl_exporter *e);

#endif
