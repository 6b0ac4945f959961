/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What it is.
 */
