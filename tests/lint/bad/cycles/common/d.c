/* SPDX-License-Identifier: MIT */
#include "common/d.h"
#include "common/a.h"
