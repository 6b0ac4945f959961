/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Text as HTML. What peers and configuration files say is data here too: it never becomes markup.
 */
#include "common/text.h"

/* Inside of an element or of a quoted attribute: markup is escaped; control characters, and bytes
 * that are not UTF-8, become "?". NULL: "-". */
void html_append(Text *page, const char *string);
/* <tag class="class">string</tag>; class may be NULL. */
void html_element(Text *page, const char *tag, const char *class, const char *string);
