/* SPDX-License-Identifier: MIT */
/*
 * The interface definitions as text. The .varlink files beside this one are the only source; the
 * build turns them into the string literals included here, so what is served cannot drift from what
 * is read in the tree.
 */
#include "common/interface.h"

#include "common/interface-idl.h"

const char interface_idl[] = INTERFACE_IDL;
const char interface_service_idl[] = INTERFACE_SERVICE_IDL;
