/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "macro.h"

/* When a process was started, in clock ticks since the boot: proc(5), /proc/PID/stat. 0, or negative errno. */
int process_start_time(pid_t pid, uint64_t *ret) _must_check_;
