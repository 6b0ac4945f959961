/* SPDX-License-Identifier: MIT */
#include "interface-idl.h"
#include "netopt-build.h"
