/* LINT-BAD: no licence */
/* SPDX-License-Identifier: MIT */
