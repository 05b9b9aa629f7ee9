/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* What the answers of methods have in common. */

/* Replies are sent when what they say is on the disk. Takes over the reply. */
int bus_reply_after_commit(Manager *m, sd_bus_message *call, sd_bus_message *reply) _must_check_;

/* The same: the UUID and the object path, below base (object-path.h), of what the call has made. */
int bus_reply_made(Manager *m, sd_bus_message *call, const char *base, const char *id) _must_check_;

/* The same, of the job result that was requested. */
int bus_reply_run(Manager *m, sd_bus_message *call, const char *id) _must_check_;

/* Turns a refusal into the error of a call; returns negative errno for the handler to return. */
int bus_refuse(sd_bus_error *error, int r, Refusal *refusal);

/* The same, and an event in the journal when it is for who the caller is: beyond what polkit says. */
int bus_refuse_caller(Manager *m, sd_bus_message *call, const char *class_path, sd_bus_error *error, int r,
                      Refusal *refusal);
