/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * What runs in place of the manager when it cannot: every call, on the bus and on the direct socket, is answered with
 * why. A daemon that just failed would leave its clients waiting for the bus's timeout and without a reason.
 * Returns when nobody has called for a few seconds; negative errno when not even this works.
 */
int out_of_order_run(const char *problem) _must_check_;
