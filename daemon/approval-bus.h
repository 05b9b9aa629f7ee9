/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "approvals.h"
#include "scheduled-job-bus.h"

/* Handlers of org.jobd1.ScheduledJob that belong to approvals; userdata is ScheduledJobBus. */
int approval_bus_approve(sd_bus_message *m, void *bus, sd_bus_error *error);
int approval_bus_deny(sd_bus_message *m, void *bus, sd_bus_error *error);
int approval_bus_dry_run(sd_bus_message *m, void *bus, sd_bus_error *error);
int approval_bus_get_request(sd_bus_message *m, void *bus, sd_bus_error *error);

/* The properties Approvals a(ussssbt) and Stages a(ssuu). */
int approval_bus_get_approvals(sd_bus *bus, const char *path, const char *interface, const char *property,
                               sd_bus_message *reply, void *userdata, sd_bus_error *error);
int approval_bus_get_stages(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error);

/* Who has made this call. Free user with g_free(). */
ApprovalCaller approval_bus_caller(Manager *manager, sd_bus_message *m, char **ret_user);
