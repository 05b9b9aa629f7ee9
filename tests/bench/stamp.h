/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* What bench-stamp sends: when main() of the run with this id began, by CLOCK_MONOTONIC. */
typedef struct Stamp {
        uint64_t nsec;
        char id[40];
} Stamp;
