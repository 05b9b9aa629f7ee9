/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* org.jobd1.Manager */
int manager_bus_add(Manager *m, sd_bus *bus) _must_check_;
