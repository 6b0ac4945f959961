/* SPDX-License-Identifier: MIT */
#include "common/bare.h"
