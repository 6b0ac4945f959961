/* SPDX-License-Identifier: MIT */
/*
 * The controllers, in the order in which they are asked: what lifts a hard limit comes before what
 * is a matter of comparison, since the comparison is of little worth while the limit holds.
 */
#include "daemon/policy/controller.h"

const Controller *const controller_table[] = {
	&controller_buffers,    &controller_congestion, &controller_mtu,  &controller_memory,
	&controller_backlog,    &controller_ports,      &controller_udp,  &controller_softnet,
	&controller_neighbours, &controller_initcwnd,   &controller_idle, &controller_latency,
	&controller_fastopen,   &controller_deviations,
};
const size_t controller_count = ARRAY_SIZE(controller_table);
