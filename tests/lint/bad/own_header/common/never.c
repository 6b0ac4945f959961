/* SPDX-License-Identifier: MIT LINT-BAD */
int never;
