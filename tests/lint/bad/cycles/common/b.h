/* SPDX-License-Identifier: MIT */
#pragma once
#include "common/c.h" /* LINT-BAD */
