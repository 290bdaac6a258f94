/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole controller for tests, as it is started by zonelockd: libvirt's test driver
 * below it, a flow exporter beside it, agents of protocol alone behind it.
 *
 * The host hv1 has the domains web1 (tap 11, 10.0.0.1 once it speaks) and db1 (tap 12,
 * 10.0.0.2 by metadata), and web2 (10.0.0.3, its tap is not known).  What does not come out as it should fails the test.
 */
#ifndef ZL_SUPPORT_RIG_H
#define ZL_SUPPORT_RIG_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "controller/control/client.h"
#include "tests/support/fakeagent.h"

enum { ZL_RIG_TRIES = 200, ZL_RIG_TRY_US = 50000 };
enum { ZL_RIG_SYN = 2, ZL_RIG_ACK = 16, ZL_RIG_FULL = 27 };
enum { ZL_RIG_WEB1 = 0x0a000001, ZL_RIG_DB1, ZL_RIG_WEB2 };

struct zl_rig {
	char dir[32];
	pid_t daemon, agent, agent2;
	struct zl_client *client;
	uint32_t sequence;
	int port; /* of this process alone: tests run side by side */
};
extern struct zl_rig zl_rig;

/* Domains, and the whole content of a host, for libvirt's test driver. */
extern const char zl_rig_node[], zl_rig_node_without_web1[], zl_rig_node_of_web1[],
	zl_rig_node_empty[];
/* Quarantines (strict) who uses db for anything but 5432 from web. */
extern const char zl_rig_lock[];

/* For cmocka's group: daemon and agent are up, hv1 is defined and up. */
int zl_rig_setup(void **state);
int zl_rig_setup_with_policy(void **state);
int zl_rig_teardown(void **state);
void zl_rig_define_policy(void); /* the zones web and db, and the lock */

/* Files of the rig. */
void zl_rig_path(const char *name, char *buf, size_t size);
void zl_rig_write(const char *name, const char *text);

/* The control socket; `params` is taken. */
int zl_rig_call(const char *method, json_t *params, json_t **ret, struct zl_error *err);
void zl_rig_must(const char *method, json_t *params, json_t **ret);
void zl_rig_connect(void); /* again, after the engine has ended */

/* The first of a list's objects whose `key` is `value`; borrowed from `doc`. */
json_t *zl_rig_pick(json_t *doc, const char *list, const char *key, const char *value);
const char *zl_rig_text(const json_t *object, const char *key);
size_t zl_rig_count(const char *method, json_t *params, const char *list);
size_t zl_rig_count_audit(const char *verb);
void zl_rig_assert_audit_ok(void);

/* Wait until the object of that name has that text in `key`; so many are there. */
bool zl_rig_await(const char *method, const char *list, const char *id,
	const char *name, const char *key, const char *want);
bool zl_rig_await_count(const char *method, const char *list, size_t want);
bool zl_rig_await_audit(const char *verb, size_t want);

/* One v5 record of TCP from 127.0.0.1; its last packet was seen `age_ms` ago. */
void zl_rig_flow(uint16_t in_if, uint32_t src, uint32_t dst, uint16_t sport,
	uint16_t dport, uint8_t flags, uint32_t age_ms);
/* Any records, in one datagram whose uptime is ZL_RIG_UPTIME. */
enum { ZL_RIG_UPTIME = 1000000 };
struct zl_flowgen_v5_record;
void zl_rig_send(const struct zl_flowgen_v5_record *records, unsigned n);
/* Any datagram, from the UDP socket `fd`. */
struct zl_flowgen;
void zl_rig_send_datagram(int fd, const struct zl_flowgen *g);

/* An agent of hv1 or hv2 that answers so; the rest is in `more`, or NULL. */
pid_t zl_rig_run_agent(
	const char *name, enum zl_lease_state answer, const struct zl_fakeagent *more);
/* Another agent in place of the one of `host`, or of hv1. */
void zl_rig_replace_agent(const char *host, pid_t *pid, const char *name,
	enum zl_lease_state answer, const struct zl_fakeagent *more);
void zl_rig_start_agent(enum zl_lease_state answer, const struct zl_fakeagent *more);
void zl_rig_define_host(const char *name, const char *node_file, const char *agent,
	const char *exporter);
void zl_rig_kill_role(const char *name);

/* Nothing can be written until unblocked; wait until daemon-status says that all is well. */
void zl_rig_block_database(void);
void zl_rig_unblock_database(void);
bool zl_rig_await_database(bool is_ok);

#endif
