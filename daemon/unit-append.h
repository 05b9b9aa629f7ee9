/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * Appends value to the message as a variant (D-Bus type "v"): the second half of the "(sv)" that StartTransientUnit
 * has for each property. Takes every type of D-Bus but file descriptors. Returns 0, -EOPNOTSUPP (a descriptor),
 * -EINVAL (a type that D-Bus does not have), or what libsystemd says of a message that is sealed or expects something
 * else here.
 */
int unit_append_variant(sd_bus_message *m, GVariant *value) _must_check_;
