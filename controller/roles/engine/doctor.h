/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is missing between "a domain sends a packet" and "a record with its tap".
 *
 * Pure: the caller fills in what is known of a host and gets an answer for each check
 * of the table in doctor.c, in the order of the packet's way.  A check that cannot be made,
 * because one before it is what is missing, gives none.
 *
 * "Recent" is what recent.h says.  All strings are borrowed.
 */
#ifndef ZL_ROLES_DOCTOR_H
#define ZL_ROLES_DOCTOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inventory/host.h"
#include "inventory/protocol.h"

/* An exporter of the host; or an address of its XML from which nothing has come. */
struct zl_doctor_exporter {
	const char *address;
	enum zl_host_interfaces interfaces;
	bool is_heard, is_silent;
	uint64_t quiet_s;	     /* since its last datagram */
	uint64_t datagrams, decoded; /* recent; records in the datagrams */
	const char *drop;  /* why most of what was dropped was; NULL: none was */
	uint32_t loss_ppm; /* recent */
	uint32_t sampling; /* by whoever says it; 0: nobody */
	bool has_offset;
	int64_t offset_ms; /* our clock minus its */
	uint64_t records, tapped, no_interface, unknown_interface; /* recent */
	uint64_t tap_s;						   /* since the last */
};

struct zl_doctor_facts {
	const char *host;
	enum zl_host_state libvirt;
	const char *libvirt_reason; /* "" when it is up */
	bool has_agent, is_agent_up;
	const char *agent_reason;
	unsigned running;   /* domains that run */
	unsigned nics;	    /* of those */
	unsigned on_tap;    /* of these NICs: tap on a bridge, known to the agent */
	const char *astray; /* "web1 52:54:…: why": one that is not; NULL: none */
	const struct zl_doctor_exporter *exporters;
	size_t n_exporters;
	/* Senders that are no host's exporter, recent. */
	unsigned refused;
	const char *refused_address; /* of the one that sends most */
	uint64_t refused_datagrams;  /* its */
	bool is_collector_up;
	uint64_t kernel_drops, ring_drops; /* recent */
	uint64_t buffer;		   /* bytes of the smallest receive buffer */
};

enum zl_doctor_state {
	ZL_DOCTOR_OK,
	ZL_DOCTOR_WARN, /* works, and could be better */
	ZL_DOCTOR_BAD,	/* does not work */
	ZL_DOCTOR_SKIP, /* cannot be said; no answer is given */
	ZL_DOCTOR_N
};

struct zl_doctor_answer {
	const char *check, *asks; /* from the table */
	const char *exporter;	  /* whom it is about, or NULL: the host */
	enum zl_doctor_state state;
	char text[384]; /* a sentence */
	char hint[384]; /* how to mend it; "" when it is ok */
};

typedef void (*zl_doctor_fn)(const struct zl_doctor_answer *answer, void *user);

void zl_doctor(const struct zl_doctor_facts *f, zl_doctor_fn each, void *user);

const char *zl_doctor_state_name(enum zl_doctor_state s); /* "bad" */

#endif
