/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics as text: byte by byte, and read back; and the reader refuses what is wrong. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/exposition.h"
#include "tests/support/promtext.h"

static struct zl_promtext read_back;

static void test_bytes(void **state)
{
	static const double bounds[] = { 0.001, 0.5 };
	static const uint64_t counts[] = { 2, 1, 3 };
	struct zl_exposition x = { 0 };
	char *text = NULL;
	size_t n = 0;

	(void)state;
	x.to = open_memstream(&text, &n);
	zl_exposition_family(
		&x, "a_total", ZL_EXPOSITION_COUNTER, "A back\\slash.\nEnd.");
	zl_exposition_put(&x, 9007199254740992.0);
	zl_exposition_put(&x, 0.1, "lock", "q\"b\\n\nl", "host", "");
	zl_exposition_family(&x, "b", ZL_EXPOSITION_GAUGE, "B.");
	zl_exposition_put(&x, -1.5, "n", "1");
	zl_exposition_put(&x, (double)NAN, "n", "2");
	zl_exposition_put(&x, (double)-INFINITY, "n", "3");
	zl_exposition_put(&x, 1700000000.123456, "n", "4");
	zl_exposition_put(&x, 1e300, "n", "5");
	zl_exposition_family(&x, "c_seconds", ZL_EXPOSITION_HISTOGRAM, "C.");
	zl_exposition_histogram(&x, bounds, counts, N_ITEMS(bounds), 12.25);
	(void)fclose(x.to);
	assert_string_equal("# HELP a_total A back\\\\slash.\\nEnd.\n"
			    "# TYPE a_total counter\n"
			    "a_total 9007199254740992\n"
			    "a_total{lock=\"q\\\"b\\\\n\\nl\",host=\"\"} 0.1\n"
			    "# HELP b B.\n"
			    "# TYPE b gauge\n"
			    "b{n=\"1\"} -1.5\n"
			    "b{n=\"2\"} NaN\n"
			    "b{n=\"3\"} -Inf\n"
			    "b{n=\"4\"} 1700000000.123456\n"
			    "b{n=\"5\"} 1e+300\n"
			    "# HELP c_seconds C.\n"
			    "# TYPE c_seconds histogram\n"
			    "c_seconds_bucket{le=\"0.001\"} 2\n"
			    "c_seconds_bucket{le=\"0.5\"} 3\n"
			    "c_seconds_bucket{le=\"+Inf\"} 6\n"
			    "c_seconds_sum 12.25\n"
			    "c_seconds_count 6\n",
		text);
	if (!zl_promtext_read(text, &read_back))
		fail_msg("%s", read_back.error);
	assert_string_equal("q\"b\\n\nl", read_back.series[1].labels[0].value);
	free(text);
}

#define HEAD "# HELP a A.\n# TYPE a gauge\n"

static const char *const wrong[] = {
	"a 1\n",				 /* no family */
	HEAD "a 1",				 /* no newline */
	HEAD "\na 1\n",				 /* an empty line */
	HEAD "b 1\n",				 /* another's */
	HEAD "a 1\na 2\n",			 /* twice */
	HEAD "a{x=\"1\"} 1\na{x=\"1\"} 1\n",	 /* twice */
	HEAD "a{x=\"1\",x=\"2\"} 1\n",		 /* a label twice */
	HEAD "a{x=\"\\t\"} 1\n",		 /* no such escape */
	HEAD "a{x=\"1} 1\n",			 /* no closing quote */
	HEAD "a{x=1} 1\n",			 /* no quotes */
	HEAD "a{1=\"x\"} 1\n",			 /* no name */
	HEAD "a  1\n",				 /* two blanks */
	HEAD "a one\n",				 /* no number */
	HEAD "a 1 1700000000\n",		 /* a time */
	HEAD HEAD "a 1\n",			 /* a family twice */
	HEAD "# TYPE b gauge\nb 1\n",		 /* no HELP */
	"# TYPE a gauge\na 1\n",		 /* no HELP */
	"# HELP a A.\na 1\n",			 /* no TYPE */
	"# HELP a A.\n",			 /* no TYPE */
	"# HELP a A.\n# TYPE a quantity\na 1\n", /* no such type */
	"# EOF\n",				 /* another format's */
	HEAD "a 1\n# HELP b B.\n# TYPE b gauge\nb 1\na{x=\"1\"} 1\n", /* apart */
	"# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n",
	"# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\n"
	"h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
};

static void test_reader(void **state)
{
	(void)state;
	assert_true(zl_promtext_read(HEAD "a 1\n", &read_back));
	for (size_t i = 0; i < N_ITEMS(wrong); i++)
		if (zl_promtext_read(wrong[i], &read_back))
			fail_msg("accepted: %s", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_reader),
	};

	return cmocka_run_group_tests_name("exposition", tests, NULL, NULL);
}
