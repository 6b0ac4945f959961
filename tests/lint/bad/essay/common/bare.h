/* SPDX-License-Identifier: MIT LINT-BAD */
#pragma once

#include <stdio.h>
