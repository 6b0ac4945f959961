/* SPDX-License-Identifier: MIT */
/* What it is. */
#pragma once
