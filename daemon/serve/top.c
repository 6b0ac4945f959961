/* SPDX-License-Identifier: MIT */
#include "daemon/serve/top.h"

#include <errno.h>
#include <string.h>

int top_init(Top *top, size_t size, size_t limit, int (*compare)(const void *a, const void *b),
	     bool (*same)(const void *a, const void *b))
{
	void **items = calloc(limit, sizeof(*items));

	assert(limit > 0);
	if (!items)
		return -ENOMEM;
	*top = (Top){
		.size = size, .limit = limit, .compare = compare, .same = same, .items = items};
	return 0;
}

void top_clear(Top *top)
{
	for (size_t i = 0; i < top->n; i++)
		free(top->items[i]);
	free(top->items);
	*top = (Top){.items = NULL};
}

static void *take(Top *top, size_t i)
{
	void *item = top->items[i];

	top->n--;
	memmove(&top->items[i], &top->items[i + 1], (top->n - i) * sizeof(*top->items));
	return item;
}

/* Behind all that go before it, and those that are as good. */
static void insert(Top *top, void *item)
{
	size_t low = 0, high = top->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (top->compare(item, top->items[middle]) < 0)
			high = middle;
		else
			low = middle + 1;
	}
	memmove(&top->items[low + 1], &top->items[low], (top->n - low) * sizeof(*top->items));
	top->items[low] = item;
	top->n++;
}

/* What can be given up for `item`: what tells of the same, else the last if there is no room. NULL:
 * nothing has to be. */
static void *make_room(Top *top, const void *item)
{
	for (size_t i = 0; i < top->n; i++)
		if (top->same(item, top->items[i])) {
			top->seen--;
			return take(top, i);
		}
	return top->n == top->limit ? take(top, top->n - 1) : NULL;
}

void top_add(Top *top, const void *item)
{
	void *copy;

	top->seen++;
	if (top->n == top->limit && top->compare(item, top->items[top->n - 1]) >= 0)
		return;
	copy = make_room(top, item);
	if (!copy)
		copy = malloc(top->size);
	if (!copy) {
		top->failed = true;
		return;
	}
	memcpy(copy, item, top->size);
	insert(top, copy);
}
