/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "json.h"

/* What the arguments of a call may be in all: more than the largest input with its options. A call that waits for a
 * password is kept in memory; the bus would let one of 32 MiB through. */
enum { CALL_SIZE_MAX = 2 * JSON_SIZE_MAX };

/* Returns 0, -E2BIG, or another negative errno when the arguments cannot be read. Leaves the message rewound. */
int call_check_size(sd_bus_message *m) _must_check_;
