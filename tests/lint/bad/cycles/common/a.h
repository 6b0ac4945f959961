/* SPDX-License-Identifier: MIT */
#pragma once
#include "common/b.h" /* LINT-BAD */
#include "common/d.h"
