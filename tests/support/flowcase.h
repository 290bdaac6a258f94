/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decode what flowgen built, and keep the flows: the surroundings of most tests of
 * the decoders.  Every address may send; data before its template is dropped at once.
 */
#ifndef ZL_SUPPORT_FLOWCASE_H
#define ZL_SUPPORT_FLOWCASE_H
#include "controller/flow/decode.h"
#include "tests/support/flowgen.h"

enum { ZL_FLOWCASE_KEPT = 64 };

struct zl_flowcase {
	struct zl_exporters exporters;
	struct zl_addr from; /* 10.0.0.1 until changed */
	uint16_t port;
	struct zl_mono now;
	struct zl_flow flows[ZL_FLOWCASE_KEPT]; /* of the last datagram, at most */
	size_t n;
};

void zl_flowcase_init(struct zl_flowcase *c);
void zl_flowcase_done(struct zl_flowcase *c);

/* cmocka's fixtures around both: *state is the case, one for the program. */
int zl_flowcase_setup(void **state);
int zl_flowcase_teardown(void **state);
#define ZL_FLOWCASE(f)                                                                 \
	cmocka_unit_test_setup_teardown(f, zl_flowcase_setup, zl_flowcase_teardown)

/* Send a datagram; the reasons for which something was dropped. */
zl_drop_mask zl_flowcase_send(struct zl_flowcase *c, const struct zl_flowgen *g);

/* The exporter that sends; it must have sent something. */
struct zl_exporter *zl_flowcase_exporter(struct zl_flowcase *c);

#endif
