/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the table of conversations, shared by the stitch*.c files alone. */
#ifndef ZL_FLOW_STITCH_PRIV_H
#define ZL_FLOW_STITCH_PRIV_H
#include "base/bulk.h"
#include "controller/flow/stitch.h"

/* The tags of a bucket are one cache line.  With few ways, buckets overflow by chance. */
enum { ZL_STITCH_WAYS = 16, ZL_STITCH_OFFERS = 4 };

struct zl_stitch_key {
	struct zl_addr lo, hi;
	uint64_t scope;
	uint16_t lo_port, hi_port;
	uint8_t proto, pad[3];
};

/* Somebody else's may pass for a side's own packet where its tap is not seen. */
enum zl_stitch_began {
	ZL_STITCH_NOT_BEGAN,
	ZL_STITCH_BEGAN_SOMEWHERE,
	ZL_STITCH_BEGAN_AT_TAP,
};

/* A direction's first packet, and who told us when. */
struct zl_stitch_start {
	int64_t ms; /* 0: not seen */
	struct zl_addr exporter;
	struct zl_wall arrival; /* of the datagram: the same one has the same */
	uint16_t exporter_port;
	bool is_coarse;
	bool at_tap; /* of its sender */
};

/* Side 0 is the lower (address, port), side 1 the higher one. */
struct zl_stitch_conversation {
	struct zl_stitch_key key;
	struct zl_stitch_start start[2];
	uint8_t initiator; /* side, when confidence is not NONE */
	uint8_t confidence;
	uint8_t began[2]; /* enum zl_stitch_began: that side's own packet said so */
	bool answered[2]; /* likewise */
	bool forged[2];	  /* somebody else has spoken in that side's name */
};

/* What every record changes stands apart, so that most need nothing else. */
struct zl_stitch_pulse {
	uint32_t seen_ms;   /* since boot, the lower half: enough to compare */
	uint32_t changes;   /* of all that is in the conversation */
	uint64_t number[2]; /* of that side's last record; 0: none */
	uint64_t scope;	    /* as in its key */
};

/* An endpoint that answered: (address, port, protocol) as a server. */
struct zl_stitch_offer {
	struct zl_addr addr;
	uint64_t scope;
	uint16_t port;
	uint8_t proto, used, pad[4];
};

struct zl_stitch {
	uint64_t seed[2];
	size_t mask, n; /* n: places that have been in use */
	struct zl_bulk bulk[4];
	struct zl_stitch_conversation *table; /* (mask + 1) * ZL_STITCH_WAYS */
	struct zl_stitch_pulse *pulses;	      /* as many */
	uint32_t *tags;			      /* as many; 0: the place is free */
	struct zl_stitch_offer
		*offers; /* (mask + 1) * ZL_STITCH_OFFERS, direct mapped */
};

/* --- stitch_table.c --- */

/* The side (0, 1) that the record's source is. */
unsigned zl_stitch_side_of(const struct zl_flow *f);
/* Fill the key; returns the side of the source. */
unsigned zl_stitch_make_key(
	const struct zl_flow *f, uint64_t scope, struct zl_stitch_key *ret);
struct zl_stitch_conversation *zl_stitch_find(
	const struct zl_stitch *s, const struct zl_stitch_key *key);
/* The same, or a new one in the place of the longest unseen. */
struct zl_stitch_conversation *zl_stitch_get(
	struct zl_stitch *s, const struct zl_stitch_key *key, struct zl_mono now);
struct zl_stitch_pulse *zl_stitch_pulse_of(
	const struct zl_stitch *s, const struct zl_stitch_conversation *c);
uint32_t zl_stitch_ms_of(struct zl_mono now);
struct zl_stitch_offer zl_stitch_make_offer(
	const struct zl_addr *addr, uint16_t port, uint8_t proto, uint64_t scope);
struct zl_stitch_offer *zl_stitch_offer_slot(
	const struct zl_stitch *s, const struct zl_stitch_offer *o);
bool zl_stitch_is_offered(const struct zl_stitch *s, const struct zl_addr *addr,
	uint16_t port, uint8_t proto, uint64_t scope);

/* --- stitch.c --- */

bool zl_stitch_is_same(
	const struct zl_stitch_conversation *a, const struct zl_stitch_conversation *b);

/* Who began, and what `c` knows after this record; `at_tap`: seen at its sender's. */
struct zl_initiator zl_stitch_look(const struct zl_stitch *s,
	struct zl_stitch_conversation *c, const struct zl_stitch_pulse *p,
	unsigned src_side, const struct zl_flow *flow, bool at_tap);

/* Both directions seen by one exporter: whose first packet was earlier? */
enum zl_side zl_stitch_by_time(
	const struct zl_stitch_conversation *c, unsigned src_side, bool at_tap);
/* Can it be the beginning of its direction? */
bool zl_stitch_tells_start(const struct zl_flow *f);

#endif
