/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/* org.freedesktop.LogControl1 */
int log_control_bus_add(sd_bus *bus) _must_check_;
