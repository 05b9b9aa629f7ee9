/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "manager.h"
#include "scheduled-job.h"

/*
 * ListJobs (list-bus.c), ListJobResults (list-result-bus.c), ListScheduledJobs (list-schedule-bus.c), and what they have in
 * common. Whoever may see only some of them is shown those: polkit is asked for each, and while answers are outstanding the
 * handler returns access_wait() and is called again from the start. One call asks for so many only; where it has stopped is
 * kept for the call that continues.
 */

enum { LIST_LIMIT_DEFAULT = 50 };

/* 0, or negative errno and the error is set. */
int list_check_limit(uint32_t limit, sd_bus_error *error);

/* The digest of a filter, for access_find_list(). Free with g_free(). */
char *list_key(const char *text);

/* Appends the properties of an entry. */
typedef int (*ListAppend)(sd_bus_message *m, const void *object);

/* Sends the reply. parent: of the object paths; id_offset: where an entry has its UUID. */
int list_send(sd_bus_message *call, const GPtrArray *list, const char *parent, ListAppend append, size_t id_offset,
              bool more);

/*
 * The scheduled job of that name or UUID. 1, or -EAGAIN: polkit was asked; or the error is set: one that the caller may not
 * view is not there.
 */
int list_find_scheduled_job(Manager *manager, sd_bus_message *m, const char *reference, ScheduledJob **ret,
                            sd_bus_error *error) _must_check_;
