/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/*
 * Opens the database, arranges for its batches to be committed by the event loop, and reads the registry and the job
 * queues from it. 0, or negative errno after it has logged why; *ret_problem is then a sentence for clients: without
 * the store there is nothing to serve.
 */
int manager_open_store(Manager *m, const char *state_directory, bool *ret_migrated, char **ret_problem) _must_check_;
