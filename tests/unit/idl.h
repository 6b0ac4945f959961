/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Checks JSON against a Varlink interface definition, so that what is served cannot drift from what
 * is written: every declared member must be there, and nothing else, each of its type.
 */
#include "common/json.h"
#include "common/text.h"

/* "" or what is wrong: "ListPaths.paths[0].srttUsec: ...". The parameters of a method's reply. */
void idl_check_reply(const char *idl, const char *method, const Json *parameters, Text *problem);
/* The parameters of an error. */
void idl_check_error(const char *idl, const char *error, const Json *parameters, Text *problem);
