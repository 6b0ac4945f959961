/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Is what is live what we believe? Reads the kernel and the disk, because somebody asks; changes
 * nothing.
 */
#include "daemon/root.h"

/* *ret is zeroed. -ENOMEM, or the errno of what could not be read at all. */
int verify_live(Root *root, Verification *ret);
