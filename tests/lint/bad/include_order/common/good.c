/* SPDX-License-Identifier: MIT */
#include "common/mixed.h"

#include <stdio.h>
#include <json-c/json.h>

#include "common/base.h"
#include "common/text.h"
