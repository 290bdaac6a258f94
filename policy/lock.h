/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lock: the rules for traffic that crosses a zone's border or stays inside.
 *
 *	<lock>
 *	  <name>db-lock</name>
 *	  <uuid>…</uuid>				optional
 *	  <description>…</description>			optional
 *	  <zone>db</zone>				the zone that it guards
 *	  <mode>monitor</mode>				or enforce; monitor if absent
 *	  <inbound default='deny'>
 *	    <allow from='web' protocol='tcp' ports='5432'/>
 *	    <deny from='any' protocol='tcp' ports='22'/>
 *	  </inbound>
 *	  <outbound default='allow'/>			its rules say to='…'
 *	  <intra default='allow'/>			its rules say neither
 *	  <response action='quarantine' grade='forensic' ttl='3600' backend='nftables'/>
 *	</lock>
 *
 * The first rule that matches decides, then the default.  A direction that is absent allows
 * everything.  `protocol` absent means any; `ports` is only for tcp, udp and
 * sctp.  Rules are about the initiator of a conversation and the port it goes to; they are
 * never asked about replies.  An absent response, or attribute of it, is as in
 * zl_response_default.
 *
 * Structure is that of lock.rng.  parse(format(l)) = l, apart from line numbers.
 */
#ifndef ZL_POLICY_LOCK_H
#define ZL_POLICY_LOCK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/xml_object.h"
#include "policy/ports.h"

enum {
	ZL_LOCK_RULES_MAX = 256, /* for each direction */
	ZL_RULE_STR = ZL_NAME + ZL_PORTS_STR + 64,
	ZL_TTL_MIN = 60,
	ZL_TTL_MAX = 604800,
	ZL_TTL_DEFAULT = 3600,
};

enum zl_direction {
	ZL_DIRECTION_INBOUND,  /* from elsewhere to the zone */
	ZL_DIRECTION_OUTBOUND, /* from the zone to elsewhere */
	ZL_DIRECTION_INTRA,    /* inside the zone */
	ZL_DIRECTION_N
};

enum zl_lock_mode { ZL_LOCK_MONITOR, ZL_LOCK_ENFORCE, ZL_LOCK_MODE_N };

/* In the order of enum zl_action, enum zl_grade and enum zl_backend_id of mitigate/. */
enum zl_response_action {
	ZL_RESPONSE_ALERT,
	ZL_RESPONSE_QUARANTINE,
	ZL_RESPONSE_BLOCK_FLOW,
	ZL_RESPONSE_ACTION_N
};
enum zl_response_grade {
	ZL_RESPONSE_FORENSIC,
	ZL_RESPONSE_STRICT,
	ZL_RESPONSE_GRADE_N
};
enum zl_response_backend {
	ZL_RESPONSE_NFTABLES,
	ZL_RESPONSE_NWFILTER,
	ZL_RESPONSE_BACKEND_N
};

struct zl_rule {
	bool allow;
	char peer[ZL_NAME]; /* the other side's zone; "any"; "" in intra */
	uint16_t proto;	    /* or ZL_PROTO_ANY */
	struct zl_ports ports;
	long line;
};

struct zl_rules {
	bool allow; /* when no rule matches */
	struct zl_rule *rules;
	size_t n;
};

struct zl_response {
	enum zl_response_action action;
	enum zl_response_grade grade;	  /* of a quarantine */
	enum zl_response_backend backend; /* of a quarantine or block-flow */
	uint32_t ttl_s;
};

/* alert; and for those who only change the action: forensic, nftables, an hour. */
extern const struct zl_response zl_response_default;

/* Owned by who parsed it; has no pointers to anything else. */
struct zl_lock {
	char name[ZL_NAME];
	struct zl_uuid uuid;
	bool has_uuid;
	char *description; /* NULL: none */
	char zone[ZL_NAME];
	long zone_line;
	enum zl_lock_mode mode;
	struct zl_rules side[ZL_DIRECTION_N];
	struct zl_response response;
};

/* `file` is only for messages.  -EBADMSG: not a lock (see base/xml.h). */
int zl_lock_parse(const char *xml, const char *file, struct zl_lock **ret,
	struct zl_error *reterr) ZL_CHECKED;
void zl_lock_free(struct zl_lock *l);
ZL_DEFINE_AUTO(zl_lock, struct zl_lock, zl_lock_free);

/* The canonical XML, to be freed; NULL when out of memory. */
char *zl_lock_format(const struct zl_lock *l);

/* "deny from any tcp/22", "allow to web udp/53,123", "allow icmp"; returns `buf`. */
const char *zl_lock_format_rule(enum zl_direction direction, const struct zl_rule *rule,
	char buf[static ZL_RULE_STR]);

const char *zl_direction_name(enum zl_direction d); /* "inbound" */
const char *zl_lock_mode_name(enum zl_lock_mode m); /* "monitor" */
bool zl_lock_mode_parse(const char *text, enum zl_lock_mode *ret);
const char *zl_response_action_name(enum zl_response_action a);	  /* "block-flow" */
const char *zl_response_grade_name(enum zl_response_grade g);	  /* "forensic" */
const char *zl_response_backend_name(enum zl_response_backend b); /* "nftables" */

#endif
