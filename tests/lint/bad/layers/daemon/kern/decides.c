/* SPDX-License-Identifier: MIT */
#include "daemon/model/path.h" /* LINT-BAD */
/* #include "daemon/policy/engine.h" in a comment is none */
