/* SPDX-License-Identifier: MIT */
#include "common/first.h"

#include <stdio.h>
