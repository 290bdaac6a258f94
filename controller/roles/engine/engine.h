/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's state, and what its files offer each other.
 *
 *	database.c	whether it takes what is written
 *	objects.c	hosts, zones, locks: define, load, compile
 *	inventory.c	frames of the inventory into the index
 *	agents.c	one session per host with its agent
 *	forwarding.c	domains that the admin declares as forwarding
 *	exporters.c	who may send records, and what the collector says of them
 *	holdings.c	who has, and had, which address
 *	templates.c	what the collector should know again after a restart
 *	flows.c		records out of the ring: correlate, stitch, evaluate
 *	settle.c	records about which nothing is left to decide
 *	parties.c	ends of records as they were then
 *	copies.c	records of a flow that others tell better
 *	incidents.c	violation -> incident -> decision
 *	findings.c	incidents that no lock asked for
 *	leases.c	decision -> lease -> enforcer -> report -> database
 *	replay.c	a capture in place of all exporters
 *	metrics*.c	figures for Prometheus (metrics.h)
 *	method_*.c	what the control socket asks
 *
 * Everything runs on one loop; nothing here blocks but the database's commit.
 */
#ifndef ZL_ROLES_ENGINE_H
#define ZL_ROLES_ENGINE_H
#include <stdalign.h>
#include <stddef.h>

#include <jansson.h>
#include <systemd/sd-event.h>

#include "base/channel.h"
#include "base/map.h"
#include "base/ring.h"
#include "controller/control/control.h"
#include "controller/flow/correlate.h"
#include "controller/flow/protocol.h"
#include "controller/flow/record.h"
#include "controller/flow/stitch.h"
#include "controller/flow/twin.h"
#include "controller/roles/engine/parties.h"
#include "controller/roles/engine/recent.h"
#include "controller/roles/engine/settled.h"
#include "controller/store/audit.h"
#include "controller/store/db.h"
#include "controller/store/leases.h"
#include "controller/store/objects.h"
#include "inventory/host.h"
#include "inventory/index.h"
#include "inventory/protocol.h"
#include "mitigate/decide.h"
#include "mitigate/protocol.h"
#include "policy/compile.h"
#include "policy/evaluate.h"

struct zl_engine;

enum {
	ZL_WINDOW = 8192,    /* records that flow-list can show */
	ZL_FLOWS_BATCH = 32, /* records that are worked on together */
	ZL_STITCH_BUCKETS = 1 << 17,
	ZL_SETTLED_SETS = 1 << 18, /* as many places as two directions have there */
	ZL_EVIDENCE_MAX = 16,	   /* flow records kept with an incident */
	ZL_PLACES_MAX = 8,	   /* where else one of them was seen */
	ZL_ROLES_MAX = 8,
	ZL_DOUBTS_MAX = 256,
	ZL_TWINS = 1 << 16,  /* flows of which it is known who told them best */
	ZL_WAITERS_MAX = 16, /* for one lease */
};

/* --- hosts and their agents --- */
enum zl_agent_state {
	ZL_AGENT_NONE, /* the host has none */
	ZL_AGENT_DOWN,
	ZL_AGENT_GREETING, /* connected, has not told everything yet */
	ZL_AGENT_UP,
};

enum { ZL_ENGINE_BEATS = 20 };

struct zl_engine_host {
	struct zl_engine *e;
	struct zl_host *def; /* owned */
	enum zl_agent_state agent;
	char agent_reason[256];
	struct zl_channel *channel;
	sd_event_source *timer;	     /* next try to connect */
	struct zl_engine_host *next; /* of the same beat */
	unsigned beat;
	struct zl_mono heard; /* from the agent, last */
	unsigned tries;
	unsigned adopted; /* leases taken over from it, unknown to the database */
	unsigned unasked; /* news that nobody asked it for, since then: */
	struct zl_mono unasked_since;
	bool is_flooding;
	/* Kept by zl_engine_exporters_watch(). */
	struct zl_mono watched_until;
	uint64_t unwatched_at; /* of exporter_news + 1; 0: not asked */
};

/* --- leases --- */
/* A control call that wants the outcome. */
struct zl_engine_waiter {
	struct zl_call *call;
	json_t *released; /* Release: ids of what it ends, owned; Quarantine: NULL */
};

struct zl_engine_lease {
	struct zl_engine *e;
	struct zl_lease_row row;
	struct zl_engine_waiter waiters[ZL_WAITERS_MAX];
	unsigned n_waiters;
	sd_event_source *timer;	 /* how long they wait */
	struct zl_mono sent;	 /* to its enforcer, last; 0: not yet */
	bool answered;		 /* since then */
	bool changed;		 /* its grade or end, since then: the answer is news */
	bool unrecorded;	 /* the database has not taken its state yet */
	struct zl_wall reported; /* the commit that was last reported */
};

/* When a domain was last released: traffic from before does not act again. */
struct zl_engine_release {
	struct zl_uuid domain;
	struct zl_wall when;
	uint64_t leftover; /* packets since then, as in struct zl_case */
};

/* --- incidents --- */
struct zl_engine_incident {
	struct zl_incident_row row;
	json_t *evidence;	    /* owned array, row.evidence borrows it */
	bool dirty;		    /* counted since the database saw it */
	struct zl_mono seen;	    /* the last violation */
	struct zl_mono retry_after; /* an action failed: not again before */
};

/* --- the window of flow-list --- */
/* What is written of a settled record, until somebody asks for the rest. */
struct zl_seen_brief {
	bool is_all;	 /* the rest is not there: zl_engine_settle_expand() */
	bool is_ruled;	 /* `verdict` is what the locks say when the source began ... */
	bool is_forward; /* ... or, without this, when the destination did */
	bool is_known;	 /* and still good */
	uint8_t verdict, src_evidence, dst_evidence;
	uint32_t src, dst, host,
		lock; /* numbers of parties.h; of the last two, names */
};

struct zl_seen {
	/* Four cache lines, and of most records no more is written. */
	alignas(64) struct zl_flow flow;
	struct zl_initiator initiator;
	struct zl_seen_brief brief;
	bool answered; /* a record of the other direction has come */
	bool counted;  /* by an incident */
	bool by_claim; /* its address would allow what it is not allowed for sure */
	enum zl_twin twin : 8; /* of another one, as far as that was asked */
	unsigned n_verdict;    /* 1 + its place in the verdicts of a replay */

	char verdict[8]; /* "allow", "deny", "none" */
	char lock[64];
	struct zl_sighting sighting; /* last, for the end of it is mostly not used */
};
_Static_assert(offsetof(struct zl_seen, verdict) == 4 * 64, "four cache lines");

/* A record that is or looks like an answer: is there a question before it is due? */
struct zl_doubt {
	uint64_t number;
	struct zl_mono due;
	bool may_ask; /* without one it may have been the beginning */
	/* No answer, but may be a copy of what its source's own tap will tell: owned. */
	struct zl_seen *copy;
};

/* Records out of a capture (replay.c). */
struct zl_engine_replay {
	struct zl_collector_replay told; /* by zonelock-replay */
	uint64_t verdicts[ZL_VERDICT_N]; /* records by what was said of them last */
	struct zl_mono ticked;
	bool has_links; /* those of its hosts, out of files, have been read */
};

/* Mitigations by the time from the record's arrival to the commit, microseconds. */
enum { ZL_ENFORCED_BOUNDS = 14 };
struct zl_engine_enforced {
	uint64_t n[ZL_ENFORCED_BOUNDS + 1]; /* the last: longer than all bounds */
	uint64_t sum_us;
};

struct zl_role_info {
	char name[32];
	uint32_t pid, restarts;
	char text[128];
};

struct zl_engine {
	sd_event *event;
	struct zl_db *db;
	const char *state_directory;
	bool is_replay;
	struct zl_engine_replay replay;
	struct zl_wall started;

	struct zl_channel *parent, *collector, *inventory, *actuator;
	struct zl_role_info roles[ZL_ROLES_MAX];
	unsigned n_roles;
	struct zl_control *control;
	struct zl_ring *ring;
	int wake;

	struct zl_map hosts; /* name[64] -> struct zl_engine_host */
	struct zl_engine_host *beats[ZL_ENGINE_BEATS]; /* who is asked when */
	unsigned beat, n_joined;
	struct zl_index *index;

	struct zl_zone **zones;
	struct zl_lock **locks;
	size_t n_zones, n_locks;
	struct zl_policy *policy;
	struct zl_map classes; /* domain uuid -> class + 1 */

	struct zl_map exporters; /* address -> struct zl_exporter_info */
	uint32_t last_exporter;	 /* number given */
	uint64_t exporter_news;	 /* how often one of them has changed */
	struct zl_collector_totals totals;
	struct zl_recent kernel_drops, ring_drops;
	uint64_t drops[ZL_DROP_N]; /* of all exporters, and of who may not send */
	struct zl_mono turned;	   /* what is recent, last */
	struct zl_engine_template
		*templates; /* not in the database yet, newest first */
	unsigned n_templates;
	struct zl_stitch *stitch;
	struct zl_settled_table *settled; /* NULL: every record is looked at in full */
	struct zl_parties parties;
	uint64_t epoch;	    /* of all that any verdict depends on besides the index */
	uint64_t n_settled; /* records that were found there */
	struct zl_twins *twins;
	struct zl_seen *window;		       /* ZL_WINDOW of them */
	uint64_t n_seen;		       /* ever; the number of the last one */
	struct zl_doubt doubts[ZL_DOUBTS_MAX]; /* in the order in which they are due */
	unsigned n_doubts;
	uint64_t n_records;

	struct zl_map holders; /* (domain, host) -> what it holds, of holdings.c */
	struct zl_engine_holding *holdings, **holdings_end; /* not on disk yet */
	size_t n_holdings;
	struct zl_engine_held *holdings_ended; /* nor are their ends */
	uint64_t n_holdings_lost;	       /* never will be, since the last write */
	struct zl_map leases; /* id -> struct zl_engine_lease: those not ended */
	struct zl_map
		incidents; /* (domain, lock) -> struct zl_engine_incident: open ones */
	struct zl_map releases;	  /* domain uuid -> struct zl_engine_release, owned */
	struct zl_map violations; /* lock -> records, of tally.h */
	struct zl_engine_enforced enforced;
	struct zl_wall audit_verified; /* last; 0: not yet */
	bool audit_is_ok;
	char db_error[256]; /* why the last write failed, or "" */
};

/* database.c: a write failed, with what is said of it in the log; or all did not. */
void zl_engine_database_failed(
	struct zl_engine *e, const struct zl_error *why, const char *what);
void zl_engine_database_works(struct zl_engine *e);
/* metrics_state.c: a mitigation was in force so long after its record came. */
void zl_engine_enforced(struct zl_engine *e, uint64_t us);

/* objects.c */
int zl_engine_objects_load(struct zl_engine *e, struct zl_error *reterr) ZL_CHECKED;
int zl_engine_objects_define(struct zl_engine *e, enum zl_object_kind kind,
	const char *xml, const char *file, const char *actor, json_t **ret,
	struct zl_error *reterr) ZL_CHECKED;
int zl_engine_objects_undefine(struct zl_engine *e, enum zl_object_kind kind,
	const char *name, const char *actor, struct zl_error *reterr) ZL_CHECKED;
int zl_engine_objects_set_mode(struct zl_engine *e, const char *name,
	enum zl_lock_mode mode, const char *actor, struct zl_error *reterr) ZL_CHECKED;

/* classes.c */
void zl_engine_classes_forget(struct zl_engine *e);
uint32_t zl_engine_classes_of_domain(
	struct zl_engine *e, const struct zl_index_domain *d);
/*
 * Who is no domain is known by its address.  A domain is known by what it is and by the
 * addresses that metadata, filter or lease give it: that is `sure`.  `claimed` counts
 * the address in the packet too: what it may be as well, and no right follows from that.
 */
struct zl_engine_class {
	uint32_t sure, claimed;
	bool is_open; /* in no zone for sure, and its addresses are not known */
};
struct zl_engine_class zl_engine_classes_of(
	struct zl_engine *e, const struct zl_endpoint *end, const struct zl_addr *addr);
void zl_engine_classes_forget_domain(struct zl_engine *e, const struct zl_uuid *domain);
bool zl_engine_classes_is_in(
	struct zl_engine *e, const struct zl_index_domain *d, const char *zone);

/* agents.c */
int zl_engine_agents_init(struct zl_engine *e) ZL_CHECKED;
struct zl_engine_host *zl_engine_agents_find(struct zl_engine *e, const char *host);
int zl_engine_agents_add(struct zl_engine *e, struct zl_host *def,
	struct zl_error *reterr) ZL_CHECKED; /* takes def; replaces */
void zl_engine_agents_remove(struct zl_engine *e, const char *host);
/* It told something that nobody asked for.  Too often: it is not listened to for a while. */
void zl_engine_agents_note_unasked(struct zl_engine_host *h);
void zl_engine_agents_tell_known(struct zl_engine *e, const struct zl_index_domain *d,
	bool gone); /* its NICs, or that it is gone */

/* inventory.c */
void zl_engine_inventory_on_change(
	const struct zl_index_domain *d, unsigned what, void *user);
int zl_engine_inventory_attach(
	struct zl_engine *e, int fd, struct zl_error *reterr) ZL_CHECKED;
void zl_engine_inventory_tell_hosts(struct zl_engine *e);
void zl_engine_inventory_tell_gone(struct zl_engine *e, const char *host);
void zl_engine_inventory_tell_host(struct zl_engine *e, const struct zl_host *def);

/* exporters.c */
struct zl_exporter_info {
	struct zl_addr addr;
	char host[64];			    /* "" : of no enrolled host any more */
	enum zl_host_interfaces interfaces; /* what its interface numbers are */
	uint32_t sampling; /* of records that do not tell; 0: unknown */
	uint32_t number;   /* another one whenever any of that is; never used again */
	uint32_t party;	   /* its host's name as one, or 0 */
	struct zl_collector_exporter stats; /* what the collector said last */
	struct zl_mono used;		    /* by us */
	struct zl_mono heard;		    /* when a datagram of it came last */
	struct zl_mono silence_said;	    /* last; 0: never */
	bool was_silent;		    /* a second ago, and that was said */
	/* Its records here: all; with the tap of a domain as evidence; that name no
	 * interface; that name one which the host's agent does not know. */
	struct zl_recent records, tapped, no_interface, unknown_interface;
	struct zl_wall last_tapped;			  /* arrival; 0: never */
	struct zl_recent datagrams, decoded, units, lost; /* of `stats` */
	struct zl_map names;	       /* of its interfaces, by number (ifnames.c) */
	struct zl_interfaces counters; /* that it told counters of */
};
int zl_engine_exporters_attach(
	struct zl_engine *e, int fd, struct zl_error *reterr) ZL_CHECKED;
void zl_engine_exporters_tell(struct zl_engine *e);
struct zl_exporter_info *zl_engine_exporters_find(
	struct zl_engine *e, const struct zl_addr *addr);
/* A record of it was correlated: did it show a tap? */
enum zl_exporter_shows {
	ZL_EXPORTER_SHOWS_TAP,
	ZL_EXPORTER_SHOWS_NO_INTERFACE,
	ZL_EXPORTER_SHOWS_UNKNOWN, /* an interface of which the agent knows nothing */
	ZL_EXPORTER_SHOWS_OTHER,
};
enum zl_exporter_shows zl_engine_exporters_shows(const struct zl_engine *e,
	const struct zl_exporter_info *x, uint32_t ifindex, const struct zl_seen *s);
void zl_engine_exporters_count(struct zl_exporter_info *x, enum zl_exporter_shows what,
	const struct zl_flow *flow);
/* Says who has fallen silent: some in a second, and of one not again for a while. */
void zl_engine_exporters_tick(struct zl_engine *e);
/* Longer without a word than is usual for it. */
bool zl_engine_exporters_is_silent(const struct zl_exporter_info *x);
/* Do records with its taps come from that host now? */
bool zl_engine_exporters_watch(struct zl_engine *e, const char *host);

/* ifnames.c */
enum { ZL_ENGINE_INTERFACE_NONE = INT32_MAX }; /* no interface that we know */
void zl_engine_ifnames_init(struct zl_exporter_info *x);
void zl_engine_ifnames_done(struct zl_exporter_info *x);
/* The exporter tells a name. */
void zl_engine_ifnames_note(struct zl_engine *e, const struct zl_frame_in *in);
/* The host's index of what the exporter calls `number`. */
uint32_t zl_engine_ifnames_index(
	const struct zl_engine *e, const struct zl_exporter_info *x, uint32_t number);

/* forwarding.c */
int zl_engine_forwarding_load(struct zl_engine *e, struct zl_error *reterr) ZL_CHECKED;

/* holdings.c */
int zl_engine_holdings_load(struct zl_engine *e, struct zl_error *reterr) ZL_CHECKED;
void zl_engine_holdings_on_domain(
	struct zl_engine *e, const struct zl_index_domain *d, bool gone);
void zl_engine_holdings_reconcile(struct zl_engine *e);
void zl_engine_holdings_flush(struct zl_engine *e);
void zl_engine_holdings_expire(struct zl_engine *e);

/* templates.c */
void zl_engine_templates_note(struct zl_engine *e, const struct zl_frame_in *in);
void zl_engine_templates_flush(struct zl_engine *e);
void zl_engine_templates_recall(struct zl_engine *e);

/* flows.c */
int zl_engine_flows_attach(
	struct zl_engine *e, int ring, int wake, struct zl_error *reterr) ZL_CHECKED;
void zl_engine_flows_tick(struct zl_engine *e, struct zl_mono now);
void zl_engine_flows_drain(struct zl_engine *e); /* all that is in the ring now */
json_t *zl_engine_flows_to_json(const struct zl_seen *s);
/* The record of that number (from 1) with all that is known of it; NULL: too long ago. */
struct zl_seen *zl_engine_flows_seen(struct zl_engine *e, uint64_t number);
/* The same, perhaps in brief. */
struct zl_seen *zl_engine_flows_brief(struct zl_engine *e, uint64_t number);

/* settle.c: records about which nothing is left to decide. */
int zl_engine_settle_init(struct zl_engine *e) ZL_CHECKED;
uint32_t zl_engine_settle_news(
	const struct zl_engine *e, const struct zl_index_topics *topics);
/* Would what was kept, `k`, come out now too, of traffic of that time? */
bool zl_engine_settle_is_good(const struct zl_engine *e, const struct zl_settled *k,
	const struct zl_index_when *when, struct zl_wall now);
/* One more of what is `known`: written in brief, and counted for its exporter. */
void zl_engine_settle_note(
	struct zl_exporter_info *x, const struct zl_settled *known, struct zl_seen *s);
void zl_engine_settle_expand(struct zl_engine *e, struct zl_seen *s);
/*
 * If nothing came of this record: keep that for the next one.  `k` has its key, topics
 * and the news when it was correlated, and is filled in.
 */
void zl_engine_settle_keep(struct zl_engine *e, struct zl_exporter_info *x,
	struct zl_settled *k, const struct zl_seen *s, struct zl_wall now);

/* copies.c: what is this record to the others of its flow? */
enum zl_twin zl_engine_copies_note(struct zl_engine *e, struct zl_seen *s);
/* Which record its conversation is to know of this direction: it, or the one before. */
uint64_t zl_engine_copies_prefer(struct zl_engine *e, const struct zl_seen *s);
/* If it may be a copy: a doubt that is looked at then, with all that is known of it. */
bool zl_engine_copies_hold(
	struct zl_engine *e, const struct zl_seen *s, struct zl_mono due);
/* The best of the window, for each flow; and what this one is a copy of, or NULL. */
int zl_engine_copies_gather(struct zl_engine *e, struct zl_map *best) ZL_CHECKED;
const struct zl_seen *zl_engine_copies_of(
	const struct zl_map *best, const struct zl_seen *s);

/*
 * replay.c: the clock is that of the capture, so that its own time and not the speed of
 * the replay decides what belongs together; no agent is asked or told anything.
 */
void zl_engine_replay_begin(struct zl_engine *e);
void zl_engine_replay_to(
	struct zl_engine *e, const struct zl_flow *flow, struct zl_exporter_info *x);
void zl_engine_replay_count(
	struct zl_engine *e, struct zl_seen *s, enum zl_verdict_kind kind);
/* All records have been taken: what was held back is settled. */
void zl_engine_replay_end(struct zl_engine *e);
json_t *zl_engine_replay_to_json(const struct zl_engine *e);

/* incidents.c */
int zl_engine_incidents_load(struct zl_engine *e, struct zl_error *reterr) ZL_CHECKED;
void zl_engine_incidents_violation(
	struct zl_engine *e, struct zl_seen *seen, const struct zl_verdict *verdict);
/* findings.c: once a domain, and once an exporter until it speaks again. */
void zl_engine_incidents_spoofing(struct zl_engine *e, struct zl_seen *seen);
void zl_engine_incidents_holder(struct zl_engine *e, struct zl_seen *seen);
void zl_engine_incidents_silent(struct zl_engine *e, const struct zl_addr *exporter,
	const char *host, uint64_t after_s);
void zl_engine_incidents_speaks(struct zl_engine *e, const struct zl_addr *exporter);
void zl_engine_incidents_on_failed(struct zl_engine *e, uint64_t id, const char *why);
void zl_engine_incidents_flush(struct zl_engine *e); /* counts into the database */
void zl_engine_incidents_close(struct zl_engine *e, const struct zl_uuid *domain);
void zl_engine_incidents_close_idle(struct zl_engine *e);

/* leases.c */
struct zl_lease_want {
	struct zl_uuid domain;
	enum zl_action action;
	enum zl_grade grade;
	enum zl_backend_id backend;
	uint64_t ttl_s;
	const char *actor, *reason, *cause;
	struct zl_wall record_arrival;
	const struct zl_block *block; /* block-flow: what to block */
	struct zl_engine_incident
		*incident; /* written in the same transaction; or NULL */
	json_t *evidence;  /* borrowed */
};
int zl_engine_leases_load(struct zl_engine *e, struct zl_error *reterr) ZL_CHECKED;
int zl_engine_leases_begin(struct zl_engine *e, const struct zl_lease_want *want,
	struct zl_engine_lease **ret, struct zl_error *reterr) ZL_CHECKED;
int zl_engine_leases_end(struct zl_engine *e, struct zl_engine_lease *l,
	const char *actor, const char *reason, struct zl_error *reterr) ZL_CHECKED;
/* Those that have not ended: of a domain (ZL_ACTION_N: any), and all; *at starts with 0. */
struct zl_engine_lease *zl_engine_leases_of(
	struct zl_engine *e, const struct zl_uuid *domain, enum zl_action action);
struct zl_engine_lease *zl_engine_leases_next(struct zl_engine *e, size_t *at);
/* The host goes for good: what was released there counts as released. */
void zl_engine_leases_abandon(struct zl_engine *e, const char *host, const char *actor);
void zl_engine_leases_on_report(struct zl_engine *e, const char *host,
	const struct zl_lease_report *report, const struct zl_lease *lease);
void zl_engine_leases_on_host_up(struct zl_engine *e, const char *host);
void zl_engine_leases_on_domain(
	struct zl_engine *e, const struct zl_index_domain *d, unsigned what);
void zl_engine_leases_on_actuator_up(struct zl_engine *e);
void zl_engine_leases_tick(struct zl_engine *e, struct zl_wall now);
/* Releases from so long ago that no record is from before them. */
void zl_engine_leases_forget_releases(struct zl_engine *e, struct zl_wall now);
/* Answer the call when the lease is settled; `released` is taken, NULL: a Quarantine. */
void zl_engine_leases_wait(
	struct zl_engine_lease *l, struct zl_call *call, json_t *released);
/* Another grade or end for one that is in force; the host changes over at once. */
int zl_engine_leases_change(struct zl_engine_lease *l, enum zl_grade grade,
	struct zl_wall expires, const char *actor, const char *cause,
	struct zl_error *reterr) ZL_CHECKED;
int zl_engine_leases_add_block(struct zl_engine_lease *l, const struct zl_block *block,
	const char *actor, json_t *evidence);
int zl_engine_leases_attach_actuator(
	struct zl_engine *e, int fd, struct zl_error *reterr) ZL_CHECKED;
bool zl_engine_leases_enforcer_up(struct zl_engine *e, enum zl_backend_id backend,
	const char *host, const char **ret_reason);
json_t *zl_engine_leases_to_json(const struct zl_lease_row *row);

/* The function of every method, in the order of enum zl_method_id. */
extern const zl_call_fn zl_engine_handlers[ZL_METHOD_N];

#endif
