/* SPDX-License-Identifier: MIT LINT-BAD */
/* What it is. */
int bare(void);
