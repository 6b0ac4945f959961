/* SPDX-License-Identifier: MIT */
#include "daemon/serve/top.h"

#include "tests/unit/harness.h"

typedef struct Item {
	int key, value;
} Item;

static int by_value(const void *a, const void *b)
{
	return ((const Item *)a)->value - ((const Item *)b)->value;
}

static bool same_key(const void *a, const void *b)
{
	return ((const Item *)a)->key == ((const Item *)b)->key;
}

static Top top;

static void make(size_t limit)
{
	ck_assert_int_eq(top_init(&top, sizeof(Item), limit, by_value, same_key), 0);
}

static void teardown(void)
{
	top_clear(&top);
}

static void add(int key, int value)
{
	Item item = {key, value};

	top_add(&top, &item);
}

static const Item *at(size_t i)
{
	ck_assert_uint_lt(i, top.n);
	return top.items[i];
}

/* Whatever the order they come in, the best stay and are in order. */
START_TEST(test_best_of_many)
{
	make(5);
	for (int i = 0; i < 1000; i++)
		add(i, (i * 617 + 29) % 1000); /* each value once: 617 has no factor of 1000 */
	ck_assert_uint_eq(top.n, 5);
	ck_assert_uint_eq(top.seen, 1000);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(at((size_t)i)->value, i);
}
END_TEST

START_TEST(test_fewer_than_room)
{
	make(100);
	ck_assert_uint_eq(top.n, 0);
	add(1, 7);
	add(2, 3);
	add(3, 5);
	ck_assert_uint_eq(top.n, 3);
	ck_assert_int_eq(at(0)->value, 3);
	ck_assert_int_eq(at(1)->value, 5);
	ck_assert_int_eq(at(2)->value, 7);
	ck_assert(!top.failed);
}
END_TEST

/* Equals stay in the order they came, and the first of them stay at all. */
START_TEST(test_equals)
{
	make(2);
	for (int i = 0; i < 5; i++)
		add(i, 1);
	ck_assert_int_eq(at(0)->key, 0);
	ck_assert_int_eq(at(1)->key, 1);
	ck_assert_uint_eq(top.seen, 5);
}
END_TEST

/* The same thing told again, and better, takes its own place, not that of another. */
START_TEST(test_same)
{
	make(3);
	add(1, 10);
	add(2, 20);
	add(3, 30);
	add(2, 5);
	ck_assert_uint_eq(top.n, 3);
	ck_assert_uint_eq(top.seen, 3);
	ck_assert_int_eq(at(0)->key, 2);
	ck_assert_int_eq(at(1)->key, 1);
	ck_assert_int_eq(at(2)->key, 3);
	add(4, 6);
	ck_assert_int_eq(at(1)->key, 4);
	ck_assert_int_eq(at(2)->key, 1);
	ck_assert_uint_eq(top.seen, 4);
}
END_TEST

START_TEST(test_limit_of_one)
{
	make(1);
	add(1, 3);
	add(2, 2);
	add(3, 4);
	ck_assert_uint_eq(top.n, 1);
	ck_assert_int_eq(at(0)->key, 2);
}
END_TEST

static void add_all(Suite *suite)
{
	TTest const *const tests[] = {test_best_of_many, test_fewer_than_room, test_equals,
				      test_same, test_limit_of_one};
	TCase *all = tcase_create("top");

	tcase_add_checked_fixture(all, NULL, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("top", add_all(suite);)
