/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* Writes all of it, interrupted or in parts, to a descriptor that blocks. 0, or negative errno. */
int write_all(int fd, const void *bytes, size_t size) _must_check_;
