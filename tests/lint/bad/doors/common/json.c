/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>
