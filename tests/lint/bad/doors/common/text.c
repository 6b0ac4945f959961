/* SPDX-License-Identifier: MIT */
#include <json-c/json.h> /* LINT-BAD */
#include <event2/event.h> /* LINT-BAD */
