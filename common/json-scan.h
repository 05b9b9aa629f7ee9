/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Checks size bytes of text against RFC 8259, strictly, and against JSON_DEPTH_MAX; makes nothing of it. Errors are
 * those of json_parse(). Time is linear in size, memory is that of the member names of the objects that are open.
 */
int json_scan(const char *text, size_t size, char **ret_error) _must_check_;
