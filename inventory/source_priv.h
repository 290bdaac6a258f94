/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the libvirt source, shared by the source_*.c files alone. */
#ifndef ZL_INVENTORY_SOURCE_PRIV_H
#define ZL_INVENTORY_SOURCE_PRIV_H
#include <sys/queue.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "base/map.h"
#include "inventory/protocol.h"
#include "inventory/source_libvirt.h"

enum {
	ZL_SOURCE_QUEUE_MAX = 16384,
	ZL_SOURCE_SENT_MAX = 16384,
	ZL_SOURCE_LEASES_MAX = 4096
};

/* Where a domain waits to be read again. */
enum zl_source_when {
	ZL_SOURCE_NOW,	/* something happened */
	ZL_SOURCE_SOON, /* listing everything again */
	ZL_SOURCE_TICK, /* reading it failed: with the next tick */
	ZL_SOURCE_WHEN_N
};

struct zl_source_entry {
	TAILQ_ENTRY(zl_source_entry) link;
	struct zl_uuid uuid;
	virDomainPtr domain; /* NULL: look it up */
	enum zl_source_when when;
};
TAILQ_HEAD(zl_source_queue, zl_source_entry);

/* What was told last of a domain: a hash of the frame. */
struct zl_source_sent {
	struct zl_uuid uuid;
	uint64_t hash;
	unsigned mark;
};

struct zl_source {
	struct zl_worker_self *self;
	struct zl_source_libvirt_config config;
	virConnectPtr conn;
	struct zl_map queued; /* uuid -> entry */
	struct zl_source_queue queues[ZL_SOURCE_WHEN_N];
	struct zl_map sent;   /* uuid -> sent */
	struct zl_map leases; /* of source_leases.c */
	uint64_t seed[2];
	unsigned mark;
	int busy_timer;
	unsigned ticks;
	bool tick_due, list_due, leases_off, queue_full;
	bool over;	/* leave the loop */
	char text[512]; /* why, or "" */
	_Alignas(8) uint8_t frame[ZL_FRAME_MAX];
};

/* Frames: start, put, send.  A frame that cannot be sent ends the source. */
void zl_source_start(
	struct zl_source *s, struct zl_frame *f, enum zl_inventory_message type);
void zl_source_send(struct zl_source *s, struct zl_frame *f);

/* It is over; the first reason counts. */
void zl_source_stop(struct zl_source *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A call to the daemon has failed: was it the connection?  Then it is over. */
bool zl_source_is_lost(struct zl_source *s);

/* --- source_domains.c --- */

/* Something happened to this domain.  Takes no reference of the caller's. */
void zl_source_queue(struct zl_source *s, virDomainPtr domain);
/* It is time to try those again that could not be read. */
void zl_source_retry(struct zl_source *s);
/* Read some of the queued domains; true: there are more. */
bool zl_source_read_some(struct zl_source *s);
void zl_source_list_first(struct zl_source *s);
void zl_source_list_again(struct zl_source *s);

/* --- source_leases.c --- */
void zl_source_poll_leases(struct zl_source *s);

#endif
