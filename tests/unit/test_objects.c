/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects on disk: define, replace, remove, revisions, names and uuids. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/store/objects.h"
#include "tests/support/tempdb.h"

static const struct zl_uuid one = { { 1 } }, two = { { 2 } };

static int put(struct zl_tempdb *t, const char *name, const struct zl_uuid *uuid,
	const char *xml, uint32_t want_revision, bool want_created,
	struct zl_error *reterr)
{
	uint32_t revision = 0;
	bool created = false;
	int r = zl_objects_put(t->db, ZL_OBJECT_ZONE, name, uuid, xml,
		(struct zl_wall){ 1000 + want_revision }, &revision, &created, reterr);

	assert_int_equal(want_revision, revision);
	assert_int_equal(want_created, created);
	return r;
}

static void test_put_get(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_object o;

	assert_int_equal(0, put(t, "web", &one, "<zone>1</zone>", 1, true, NULL));
	assert_int_equal(0, put(t, "web", &one, "<zone>2</zone>", 2, false, NULL));
	zl_tempdb_reopen(t);
	assert_int_equal(0, zl_objects_get(t->db, ZL_OBJECT_ZONE, "web", &o, NULL));
	assert_string_equal("web", o.name);
	assert_true(zl_uuid_eq(&one, &o.uuid));
	assert_int_equal(2, o.revision);
	assert_int_equal(1001, o.created.us);
	assert_int_equal(1002, o.updated.us);
	assert_string_equal("<zone>2</zone>", o.xml);
	zl_object_done(&o);
	assert_int_equal(0, zl_objects_get(t->db, ZL_OBJECT_ZONE,
				    "01000000-0000-0000-0000-000000000000", &o, NULL));
	assert_string_equal("web", o.name);
	zl_object_done(&o);
	assert_int_equal(2, zl_tempdb_count(t, "SELECT count(*) FROM object_history"));
}

static void test_taken(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_error err = { 0 };
	uint32_t revision;
	bool created;

	assert_int_equal(0, put(t, "web", &one, "<a/>", 1, true, NULL));
	assert_int_equal(-EEXIST, put(t, "web", &two, "<b/>", 0, false, &err));
	assert_string_equal("zone 'web': defined already with uuid"
			    " 01000000-0000-0000-0000-000000000000",
		err.msg);
	assert_int_equal(-EEXIST, put(t, "db", &one, "<b/>", 0, false, &err));
	assert_string_equal("zone 'db': its uuid is that of zone 'web'", err.msg);
	assert_true(err.hint[0] != '\0');
	/* another kind has names of its own */
	assert_int_equal(
		0, zl_objects_put(t->db, ZL_OBJECT_LOCK, "web", &one, "<lock/>",
			   (struct zl_wall){ 1 }, &revision, &created, NULL));
	/* a refusal does not spoil the transaction that it is in */
	assert_int_equal(0, zl_db_begin(t->db, NULL));
	assert_int_equal(0, put(t, "app", &two, "<c/>", 1, true, NULL));
	assert_int_equal(-EEXIST, put(t, "db", &one, "<b/>", 0, false, &err));
	assert_int_equal(0, zl_db_commit(t->db, NULL));
	assert_int_equal(3, zl_tempdb_count(t, "SELECT count(*) FROM object"));
}

static void test_remove(void **state)
{
	struct zl_tempdb *t = *state;
	struct zl_error err = { 0 };
	struct zl_wall now = { 5 };
	struct zl_object o;

	assert_int_equal(0, put(t, "web", &one, "<a/>", 1, true, NULL));
	assert_int_equal(0, zl_objects_remove(t->db, ZL_OBJECT_ZONE, "web", now, NULL));
	assert_int_equal(
		-ENOENT, zl_objects_get(t->db, ZL_OBJECT_ZONE, "web", &o, &err));
	assert_string_equal("zone 'web': not defined", err.msg);
	assert_int_equal(
		-ENOENT, zl_objects_remove(t->db, ZL_OBJECT_ZONE, "web", now, NULL));
	/* defined anew, with another uuid: revisions go on */
	assert_int_equal(0, put(t, "web", &two, "<b/>", 3, true, NULL));
	assert_int_equal(1, zl_tempdb_count(t, "SELECT count(*) FROM object_history"
					       " WHERE revision = 2 AND xml IS NULL"));
}

static int collect(const struct zl_object *o, void *user)
{
	char *names = user;
	size_t n = strlen(names);

	(void)snprintf(names + n, 64 - n, "%s ", o->name);
	return strcmp(o->name, "stop") == 0 ? -ECANCELED : 0;
}

static void test_each(void **state)
{
	struct zl_tempdb *t = *state;
	static const char *const order[] = { "web", "app", "db" };
	char names[64] = "";

	for (uint8_t i = 0; i < 3; i++)
		assert_int_equal(0, put(t, order[i], &(struct zl_uuid){ { 9, i } },
					    "<zone/>", 1, true, NULL));
	assert_int_equal(
		0, zl_objects_each(t->db, ZL_OBJECT_ZONE, collect, names, NULL));
	assert_string_equal("app db web ", names);
	names[0] = '\0';
	assert_int_equal(0, put(t, "stop", &one, "<zone/>", 1, true, NULL));
	assert_int_equal(-ECANCELED,
		zl_objects_each(t->db, ZL_OBJECT_ZONE, collect, names, NULL));
	assert_string_equal("app db stop ", names);
	assert_int_equal(
		0, zl_objects_each(t->db, ZL_OBJECT_HOST, collect, names, NULL));
}

static void test_kind_names(void **state)
{
	(void)state;
	assert_string_equal("host", zl_object_kind_name(ZL_OBJECT_HOST));
	assert_string_equal("zone", zl_object_kind_name(ZL_OBJECT_ZONE));
	assert_string_equal("lock", zl_object_kind_name(ZL_OBJECT_LOCK));
}

int main(void)
{
#define WITH_DB(f)                                                                     \
	cmocka_unit_test_setup_teardown(f, zl_tempdb_setup, zl_tempdb_teardown)
	const struct CMUnitTest tests[] = {
		WITH_DB(test_put_get),
		WITH_DB(test_taken),
		WITH_DB(test_remove),
		WITH_DB(test_each),
		cmocka_unit_test(test_kind_names),
	};

	return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
