/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A watch and an index, wired as the inventory and the engine do it. */
#include "tests/support/watchkit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static void on_frame(const void *bytes, size_t n, void *user)
{
	struct zl_watchkit *k = user;
	struct zl_error err = { 0 };
	struct zl_frame_in in;

	if (zl_frame_parse(
		    bytes, n, zl_inventory_messages, ZL_INV_MESSAGE_N, &in, &err) < 0)
		fail_msg("%s", err.msg);
	k->n_frames[in.type]++;
	if (zl_index_apply(k->index, &in, zl_wall_now(), &err) < 0)
		fail_msg("%s", err.msg);
}

static void on_state(const char *host, int state, const char *reason, void *user)
{
	struct zl_watchkit *k = user;

	(void)host;
	(void)state;
	(void)reason;
	k->n_states++;
}

void zl_watchkit_init(struct zl_watchkit *k, struct zl_watch_config config)
{
	struct zl_error err;

	memset(k, 0, sizeof(*k));
	config.on_frame = on_frame;
	config.on_state = on_state;
	config.user = k;
	assert_true(sd_event_new(&k->event) >= 0);
	assert_int_equal(0, zl_index_new(NULL, NULL, &k->index, &err));
	assert_int_equal(0, zl_watch_new(k->event, &config, &k->watch, &err));
}

void zl_watchkit_done(struct zl_watchkit *k)
{
	zl_watch_free(k->watch);
	zl_index_free(k->index);
	(void)sd_event_unref(k->event);
}

void zl_watchkit_put(struct zl_watchkit *k, const char *host, const char *uri)
{
	struct zl_error err;

	assert_int_equal(0, zl_index_host_put(k->index, host, zl_wall_now(), &err));
	assert_int_equal(0, zl_watch_put(k->watch, host, uri, &err));
}

bool zl_watchkit_wait(struct zl_watchkit *k, unsigned ms,
	bool (*is_there)(struct zl_watchkit *k, void *arg), void *arg)
{
	struct zl_mono end = zl_mono_add_ms(zl_mono_now(), ms);

	while (!is_there(k, arg)) {
		uint64_t left = zl_mono_since(end, zl_mono_now());

		if (left == 0)
			return false;
		assert_true(sd_event_run(k->event, left) >= 0);
	}
	return true;
}

struct wanted {
	const char *name;
	unsigned state;
};

static bool is_host(struct zl_watchkit *k, void *arg)
{
	const struct wanted *w = arg;
	const struct zl_index_host *h = zl_index_host(k->index, w->name);

	return h != NULL && h->state == w->state;
}

bool zl_watchkit_wait_state(
	struct zl_watchkit *k, unsigned ms, const char *host, enum zl_host_state state)
{
	struct wanted w = { host, state };

	return zl_watchkit_wait(k, ms, is_host, &w);
}

static bool is_domain(struct zl_watchkit *k, void *arg)
{
	const struct zl_index_domain *d = NULL;
	const struct wanted *w = arg;

	if (zl_index_domain(k->index, w->name, &d, NULL) < 0)
		return w->state == ZL_DOMAIN_STATE_N;
	return d->state == w->state;
}

bool zl_watchkit_wait_domain(struct zl_watchkit *k, unsigned ms, const char *name,
	enum zl_domain_state state)
{
	struct wanted w = { name, state };

	return zl_watchkit_wait(k, ms, is_domain, &w);
}
