/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lease: one mitigation of one domain, with an owner, a cause and an end.
 *
 * The engine owns leases and keeps them in the database; the agent keeps its copy of
 * those of its host by domain UUID and NIC MAC, never by tap name or index; the
 * actuator keeps those with the nwfilter backend.  Wall time, because leases
 * outlive a reboot.
 */
#ifndef ZL_MITIGATE_LEASE_H
#define ZL_MITIGATE_LEASE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/frame.h"

enum {
	ZL_LEASE_NICS_MAX = 32,
	ZL_LEASE_BLOCKS_MAX = 64,
	ZL_TAP_NAME = 16, /* IFNAMSIZ */
	ZL_LEASE_TEXT = 160,
	ZL_DOMAIN_NAME = 128,
};

/* What is done to the domain.  More to come; each is one row of zl_actions. */
enum zl_action {
	ZL_ACTION_ALERT,      /* nothing on the host */
	ZL_ACTION_QUARANTINE, /* all NICs, both directions */
	ZL_ACTION_BLOCK_FLOW, /* (tap, protocol, destination, port) */
	ZL_ACTION_N
};

enum zl_grade {
	ZL_GRADE_FORENSIC, /* only the addresses named in the agent's configuration */
	ZL_GRADE_STRICT,   /* nothing at all */
	ZL_GRADE_N
};

enum zl_backend_id { ZL_BACKEND_NFTABLES, ZL_BACKEND_NWFILTER, ZL_BACKEND_N };

enum zl_lease_state {
	ZL_LEASE_PENDING,   /* written, not yet in force */
	ZL_LEASE_APPLIED,   /* in force and read back */
	ZL_LEASE_DEGRADED,  /* in force, but something is not as it should be */
	ZL_LEASE_FAILED,    /* could not be brought into force */
	ZL_LEASE_RELEASING, /* its end was asked for, not yet confirmed */
	ZL_LEASE_RELEASED,
	ZL_LEASE_EXPIRED,
	ZL_LEASE_STATE_N
};

const char *zl_action_name(enum zl_action a);		/* "quarantine" */
const char *zl_grade_name(enum zl_grade g);		/* "strict" */
const char *zl_backend_name(enum zl_backend_id b);	/* "nftables" */
const char *zl_lease_state_name(enum zl_lease_state s); /* "applied" */
bool zl_action_parse(const char *text, enum zl_action *ret);
bool zl_grade_parse(const char *text, enum zl_grade *ret);
bool zl_backend_parse(const char *text, enum zl_backend_id *ret);
bool zl_lease_state_parse(const char *text, enum zl_lease_state *ret);

struct zl_lease_nic {
	struct zl_mac mac;     /* the guest's, as libvirt configured it */
	char tap[ZL_TAP_NAME]; /* hint: the tap's name last seen, or "" */
};

/* One blocked service: what the domain may not send to. */
struct zl_block {
	struct zl_addr dst;
	uint16_t dport; /* 0 for protocols without ports */
	uint8_t proto;
};

struct zl_lease {
	struct zl_uuid id;
	struct zl_uuid domain;
	char domain_name[ZL_DOMAIN_NAME];
	enum zl_action action;
	enum zl_grade grade;
	enum zl_backend_id backend;
	struct zl_wall created;
	struct zl_wall expires; /* the agent ends it then, whoever is dead */
	struct zl_lease_nic nics[ZL_LEASE_NICS_MAX];
	uint16_t n_nics;
	struct zl_block blocks[ZL_LEASE_BLOCKS_MAX];
	uint16_t n_blocks;
	char cause[ZL_LEASE_TEXT]; /* "lock db-lock" or "uid 1000: reason" */
};

/* What an enforcer says about a lease. */
struct zl_lease_report {
	struct zl_uuid id;
	enum zl_lease_state state;
	struct zl_wall
		committed; /* when the kernel acknowledged the change; 0 if it did not */
	uint16_t n_elements; /* that were compared with the kernel's */
	char objects
		[1024]; /* what is on the host, one per line, as `nft` would show it */
	struct zl_error error; /* code 0 when all is well */
};

/* Leases and reports as nests of a frame (rows in lease_frame.c). */
enum { ZL_LEASE_ATTRS = 12, ZL_REPORT_ATTRS = 10 };
extern const struct zl_attr zl_lease_attrs[ZL_LEASE_ATTRS];
extern const struct zl_attr zl_report_attrs[ZL_REPORT_ATTRS];
void zl_lease_put(struct zl_frame *f, uint16_t attr, const struct zl_lease *lease);
int zl_lease_get(const struct nlattr *nest, struct zl_lease *ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_lease_report_put(
	struct zl_frame *f, uint16_t attr, const struct zl_lease_report *report);
int zl_lease_report_get(const struct nlattr *nest, struct zl_lease_report *ret,
	struct zl_error *reterr) ZL_CHECKED;

#endif
