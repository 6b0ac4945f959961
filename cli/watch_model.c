/* SPDX-License-Identifier: MIT */
#include "cli/watch_model.h"

#include <errno.h>
#include <string.h>

void watch_model_clear(WatchModel *model)
{
	watch_data_clear(&model->live);
	watch_data_clear(&model->frozen);
	for (size_t i = 0; i < _WATCH_PANES; i++) {
		free(model->lists[i].order);
		model->lists[i] = (WatchList){.order = NULL};
	}
	text_clear(&model->text);
}

const WatchData *watch_model_data(const WatchModel *model)
{
	return model->paused ? &model->frozen : &model->live;
}

/* Order: filtered, then sorted. */

typedef struct Ordering {
	const WatchData *data;
	WatchPane pane;
	size_t sort;
} Ordering;

/* Equal ones as the daemon gave them, so that no two rows ever change places without a cause. */
static int compare(const void *a, const void *b, void *context)
{
	const Ordering *ordering = context;
	size_t row_a = *(const size_t *)a, row_b = *(const size_t *)b;
	int by = ordering->sort > 0 ? watch_rows_compare(ordering->data, ordering->pane,
							 ordering->sort - 1, row_a, row_b)
				    : 0;

	return by != 0 ? by : row_a < row_b ? -1 : row_a > row_b;
}

/* Room for n rows; false: no memory, the list shows less. */
static bool grow(WatchList *list, size_t n)
{
	size_t *order;

	if (n <= list->allocated)
		return true;
	order = reallocarray(list->order, n, sizeof(*order));
	if (!order)
		return false;
	list->order = order;
	list->allocated = n;
	return true;
}

/* The position of the selected row, wherever it is now. */
static void follow(const WatchModel *model, WatchPane pane, WatchList *list)
{
	char key[WATCH_NAME_MAX];

	for (size_t i = 0; *list->key && i < list->n; i++) {
		watch_rows_key(watch_model_data(model), pane, list->order[i], key);
		if (text_equal(key, list->key)) {
			list->selected = i;
			return;
		}
	}
	list->selected = MIN(list->selected, list->n > 0 ? list->n - 1 : 0);
}

/* Remembers which row is selected. */
static void hold(const WatchModel *model, WatchPane pane, WatchList *list)
{
	if (list->n > 0)
		watch_rows_key(watch_model_data(model), pane, list->order[list->selected],
			       list->key);
	else
		list->key[0] = '\0';
}

static void scroll_to_selected(WatchList *list)
{
	size_t height = MAX(list->height, (size_t)1);

	if (list->selected < list->top)
		list->top = list->selected;
	if (list->selected >= list->top + height)
		list->top = list->selected - height + 1;
	list->top = MIN(list->top, list->n > height ? list->n - height : 0);
}

static void arrange(WatchModel *model, WatchPane pane)
{
	WatchList *list = &model->lists[pane];
	Ordering ordering = {watch_model_data(model), pane, list->sort};
	size_t n = watch_rows_count(ordering.data, pane);

	if (!grow(list, n))
		n = list->allocated;
	list->n = 0;
	for (size_t i = 0; i < n; i++)
		if (!*list->filter || watch_rows_match(ordering.data, pane, i, list->filter))
			list->order[list->n++] = i;
	if (list->n > 0)
		qsort_r(list->order, list->n, sizeof(*list->order), compare, &ordering);
	follow(model, pane, list);
	hold(model, pane, list);
	scroll_to_selected(list);
}

static void arrange_all(WatchModel *model)
{
	for (WatchPane pane = 0; pane < _WATCH_PANES; pane++)
		arrange(model, pane);
}

int watch_model_update(WatchModel *model, const Json *update, bool first, uint64_t now_ns)
{
	int r = watch_data_apply(&model->live, update, first, now_ns);

	if (!model->paused)
		arrange_all(model);
	return r;
}

void watch_model_notice(WatchModel *model, const char *notice)
{
	(void)text_copy(model->notice, sizeof(model->notice), notice ? notice : "");
}

void watch_model_fit(WatchModel *model, WatchPane pane, size_t height)
{
	model->lists[pane].height = height;
	scroll_to_selected(&model->lists[pane]);
}

/* Reading. */

const char *watch_model_selected(const WatchModel *model, WatchPane *ret_pane)
{
	*ret_pane = model->focus;
	return model->lists[model->focus].n > 0 ? model->lists[model->focus].key : NULL;
}

void watch_model_explain(WatchModel *model)
{
	static const char *const kinds[_WATCH_PANES] = {"endpoint", "path", "change"};

	model->mode = WATCH_READING;
	model->scroll = 0;
	(void)text_format(model->title, sizeof(model->title), "%s %s", kinds[model->focus],
			  model->lists[model->focus].key);
	watch_model_answer(model, "asking netoptd ...");
}

void watch_model_answer(WatchModel *model, const char *text)
{
	text_clear(&model->text);
	text_append(&model->text, text);
}

/* Keys. */

/* `by` rows, never beyond the ends. */
static void move(WatchModel *model, ptrdiff_t by)
{
	WatchList *list = &model->lists[model->focus];
	ptrdiff_t to = (ptrdiff_t)list->selected + by;

	if (list->n == 0)
		return;
	list->selected = (size_t)CLAMP(to, 0, (ptrdiff_t)list->n - 1);
	hold(model, model->focus, list);
	scroll_to_selected(list);
}

static void scroll(WatchModel *model, ptrdiff_t by)
{
	ptrdiff_t most = (ptrdiff_t)model->lines - (ptrdiff_t)model->page;
	ptrdiff_t to = (ptrdiff_t)model->scroll + by;

	model->scroll = (size_t)MAX(MIN(to, most), 0);
}

/* How far a key of movement goes, in lines; 0: it is none. `page`: lines of the screen. */
static ptrdiff_t distance(uint32_t key, size_t page)
{
	ptrdiff_t most = INT32_MAX;

	switch (key) {
	case WATCH_KEY_UP:
	case 'k':
		return -1;
	case WATCH_KEY_DOWN:
	case 'j':
		return 1;
	case WATCH_KEY_PAGE_UP:
		return -(ptrdiff_t)MAX(page, (size_t)1);
	case WATCH_KEY_PAGE_DOWN:
		return (ptrdiff_t)MAX(page, (size_t)1);
	case WATCH_KEY_HOME:
	case 'g':
		return -most;
	case WATCH_KEY_END:
	case 'G':
		return most;
	default:
		return 0;
	}
}

static void sort_next(WatchModel *model)
{
	const WatchTable *table = &watch_tables[model->focus];
	WatchList *list = &model->lists[model->focus];

	do
		list->sort = (list->sort + 1) % (table->n_columns + 1);
	while (list->sort > 0 && !table->columns[list->sort - 1].sorts);
	list->key[0] = '\0'; /* what comes first now is what was asked for */
	list->selected = 0;
	arrange(model, model->focus);
}

static void toggle_pause(WatchModel *model)
{
	if (model->paused) {
		model->paused = false;
		watch_data_clear(&model->frozen);
	} else if (watch_data_copy(&model->frozen, &model->live) == 0) {
		model->paused = true;
	}
	arrange_all(model);
}

static void begin_filter(WatchModel *model)
{
	model->mode = WATCH_FILTERING;
	(void)text_copy(model->before, sizeof(model->before), model->lists[model->focus].filter);
}

static void set_filter(WatchModel *model, const char *filter)
{
	WatchList *list = &model->lists[model->focus];

	if (filter != list->filter)
		(void)text_copy(list->filter, sizeof(list->filter), filter);
	arrange(model, model->focus);
}

/* Names are ASCII, and so is what is typed to find them. */
static WatchWish filter_key(WatchModel *model, uint32_t key)
{
	char *filter = model->lists[model->focus].filter;
	size_t length = strlen(filter);

	if (key == WATCH_KEY_ENTER) {
		model->mode = WATCH_LISTS;
	} else if (key == WATCH_KEY_ESCAPE) {
		model->mode = WATCH_LISTS;
		set_filter(model, model->before);
	} else if (key == WATCH_KEY_BACKSPACE && length > 0) {
		filter[length - 1] = '\0';
		set_filter(model, filter);
	} else if (key >= ' ' && key < 0x7f && length + 1 < WATCH_FILTER_MAX) {
		filter[length] = (char)key;
		filter[length + 1] = '\0';
		set_filter(model, filter);
	}
	return WATCH_NOTHING;
}

static WatchWish reading_key(WatchModel *model, uint32_t key)
{
	if (key == 'q' || key == WATCH_KEY_ESCAPE || key == WATCH_KEY_BACKSPACE ||
	    key == WATCH_KEY_LEFT) {
		model->mode = WATCH_LISTS;
	} else {
		scroll(model,
		       distance(key == ' ' ? (uint32_t)WATCH_KEY_PAGE_DOWN : key, model->page));
	}
	return WATCH_NOTHING;
}

static WatchWish list_key(WatchModel *model, uint32_t key)
{
	switch (key) {
	case 'q':
		return WATCH_QUIT;
	case WATCH_KEY_ENTER:
		return model->lists[model->focus].n > 0 ? WATCH_EXPLAIN : WATCH_NOTHING;
	case WATCH_KEY_TAB:
	case WATCH_KEY_RIGHT:
		model->focus = (model->focus + 1) % _WATCH_PANES;
		break;
	case WATCH_KEY_BACK_TAB:
	case WATCH_KEY_LEFT:
		model->focus = (model->focus + _WATCH_PANES - 1) % _WATCH_PANES;
		break;
	case 's':
		sort_next(model);
		break;
	case '/':
		begin_filter(model);
		break;
	case WATCH_KEY_ESCAPE:
		set_filter(model, "");
		break;
	case 'p':
	case ' ':
		toggle_pause(model);
		break;
	case '?':
	case 'h':
		model->mode = WATCH_HELPING;
		model->scroll = 0;
		break;
	default:
		move(model, distance(key, model->lists[model->focus].height));
	}
	return WATCH_NOTHING;
}

WatchWish watch_model_key(WatchModel *model, uint32_t key)
{
	if (key == WATCH_KEY_REDRAW)
		return WATCH_REDRAW;
	switch (model->mode) {
	case WATCH_FILTERING:
		return filter_key(model, key);
	case WATCH_READING:
	case WATCH_HELPING:
		return reading_key(model, key);
	case WATCH_LISTS:
		break;
	}
	return list_key(model, key);
}
