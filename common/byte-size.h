/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Sizes as systemd reads them in settings: "64M", "1.5G", "1G 500M"; bare numbers are bytes. base is that of the suffixes
 * K, M, G, T, P and E: 1024, or 1000 where systemd takes that. Returns 0, -EINVAL (no size) or -ERANGE (negative, or
 * above 64 bits).
 */
int byte_size_parse(const char *text, unsigned base, uint64_t *ret) _must_check_;
