/* SPDX-License-Identifier: MIT LINT-BAD */
/* of a folder without a place among the layers */
