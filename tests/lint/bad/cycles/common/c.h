/* SPDX-License-Identifier: MIT */
#pragma once
#include "common/a.h" /* LINT-BAD */
#include "common/d.h"
