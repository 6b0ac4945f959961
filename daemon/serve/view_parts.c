/* SPDX-License-Identifier: MIT */
/*
 * The parts of a latency.
 */
#include "daemon/serve/views.h"

#include "common/base.h"

static Json *view_parts(const Decomposition *decomposition)
{
	Json *parts = json_new_array();

	for (DecompositionPart part = 0; part < _PARTS; part++) {
		Json *json;

		if (!decomposition->has[part])
			continue;
		json = json_new_object();
		json_set_string(json, "part", decomposition_part_name(part));
		json_set_uint(json, "usec", decomposition->us[part]);
		json_append(parts, json);
	}
	return parts;
}

Json *view_decomposition(const Decomposition *decomposition)
{
	Json *json;

	if (decomposition->samples == 0)
		return NULL;
	json = json_new_object();
	json_set_uint(json, "samples", decomposition->samples);
	json_set_uint(json, "rounds", decomposition->rounds);
	view_set_known(json, "floorUsec", decomposition->has_floor, decomposition->floor_us);
	json_set_uint(json, "totalUsec", decomposition->total_us);
	json_set(json, "parts", view_parts(decomposition));
	return json;
}
