/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/*
 * org.jobd1.Run: what a run says about itself. On the direct socket only, where each connection speaks for one run,
 * from Open() with its token until the run ends. Who the user is does not matter: a run may be any user, and any user
 * is not the run.
 */
int run_bus_add(Manager *m, sd_bus *bus) _must_check_;

/* The token of the run with that unit, borrowed until the next call; NULL when there is none that lasts. */
const Secret *run_bus_token(Manager *m, const char *unit);
