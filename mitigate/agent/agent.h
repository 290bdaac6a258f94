/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent itself: leases in, elements in the kernel, reports out.
 *
 * No event loop and no socket to anybody: server.c feeds it with requests, link
 * events, ruleset notifications and time; the break-glass commands use it alone.
 *
 * A change goes: kernel transaction, read-back, file, answer.  A crash between any
 * two leaves more containment than the answer says, never less.
 */
#ifndef ZL_MITIGATE_AGENT_AGENT_H
#define ZL_MITIGATE_AGENT_AGENT_H
#include "inventory/links_socket.h"
#include "mitigate/agent/agent_config.h"
#include "mitigate/agent/book.h"
#include "mitigate/agent/firewall.h"
#include "mitigate/agent/limits.h"
#include "mitigate/agent/plan.h"

/* A lease's state changed and nobody asked for it; `lease` is NULL when it is not known. */
typedef void (*zl_agent_report_fn)(
	const struct zl_lease_report *report, const struct zl_lease *lease, void *user);

/* A lease that has ended here while the kernel refused to let go of its taps. */
struct zl_agent_leaving {
	struct zl_lease lease;
	enum zl_lease_state state; /* what it is when the kernel has */
};

struct zl_agent {
	const struct zl_agent_config *config; /* borrowed */
	struct zl_limits limits;
	struct zl_book *book;
	struct zl_links links;
	struct zl_links_socket links_socket;
	struct zl_firewall firewall;
	struct zl_plan plan; /* what the kernel was last brought to */
	bool planned;
	/* Elements found at start without a lease file that explains them. */
	struct zl_nft_elems adopted;
	struct zl_mono adopted_until; /* 0: the engine has not spoken yet */
	int lock_fd;
	bool dirty;				   /* the book is newer than the file */
	struct zl_error write_error, kernel_error; /* code 0: all is well */
	unsigned n_refusals;			   /* of the kernel, in a row */
	struct zl_agent_leaving *leaving;	   /* told when the kernel has let go */
	size_t n_leaving;
	zl_agent_report_fn on_report;
	void *user;
};

/* How long after the engine's first word elements without a lease stay. */
enum { ZL_AGENT_ADOPT_MS = 60 * 1000 };

/*
 * Take the lock, read the file, bring the kernel to it.  -EBUSY: an agent runs, *ret_pid.
 * A damaged lease file is set aside with an error in the log, never fatal.
 */
int zl_agent_open(struct zl_agent *a, const struct zl_agent_config *config,
	const char *config_path, pid_t *ret_pid, struct zl_error *reterr) ZL_CHECKED;
/* Leaves the kernel and the file as they are. */
void zl_agent_close(struct zl_agent *a);

/* Requests.  What came of it is in `ret`; `now` is wall time for taking and ending. */
void zl_agent_put(struct zl_agent *a, const struct zl_lease *lease, struct zl_wall now,
	struct zl_lease_report *ret);
/*
 * RELEASED with the error "agent.released.unwritten": the kernel has let go, but the file
 * could not be written and would bring the lease back.  The nil id drops the elements
 * that were found without a lease.
 */
void zl_agent_drop(struct zl_agent *a, const struct zl_uuid *id, const char *reason,
	struct zl_wall now, struct zl_lease_report *ret);
void zl_agent_know(struct zl_agent *a, const struct zl_known *known);
void zl_agent_forget(struct zl_agent *a, const struct zl_uuid *domain);

/* What is to be said of a lease now. */
void zl_agent_report(
	struct zl_agent *a, const struct zl_book_lease *l, struct zl_lease_report *ret);

/*
 * Look at the taps that came while no agent ran: when a quarantine is in force, those that
 * nobody claims are held as if they came now.  Once after opening; not for break-glass,
 * after which nobody would let them go.
 */
void zl_agent_look_at_taps(struct zl_agent *a);
/* The kernel's id of this boot, or "". */
void zl_agent_boot_id(char to[static ZL_BOOK_BOOT_ID]);
/* Tell the book about an interface that came, changed or went; then refresh. */
void zl_agent_on_link(struct zl_agent *a, const struct zl_link_event *e);
/*
 * Plan anew (interfaces, claims or time have changed) and apply what is different, or
 * what the kernel has refused: while kernel_error has a code, call it again soon.
 */
void zl_agent_refresh(struct zl_agent *a);
/* Read back and repair; `who` may have changed something ("" for nobody known). */
void zl_agent_check(struct zl_agent *a, const char *who);
/* End what has come to its end; *ret_next is the next end (INT64_MAX: none). */
void zl_agent_expire(struct zl_agent *a, struct zl_wall now, struct zl_wall *ret_next);
/* Write the file if it is behind; 0 when it is not any more. */
int zl_agent_write(struct zl_agent *a);

#endif
