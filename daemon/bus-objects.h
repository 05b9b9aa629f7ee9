/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* The objects on the bus. Each *-bus.c decodes, calls the core and encodes; permission was checked by access.c before. */

/* Puts all objects on a connection. */
int bus_objects_add(Manager *m, sd_bus *bus) _must_check_;

int manager_bus_add(Manager *m, sd_bus *bus) _must_check_;
int job_bus_add(Manager *m, sd_bus *bus) _must_check_;
int job_result_bus_add(Manager *m, sd_bus *bus) _must_check_;
int log_control_bus_add(sd_bus *bus) _must_check_;

/* For lists: the properties of a job as entries of the a{sv} that is open, those of a job result as a{sv}. */
int job_bus_append_properties(sd_bus_message *reply, const Job *job);
int job_result_bus_append_properties(sd_bus_message *reply, const JobResult *jr);

/* Names of the properties that can change, NULL-terminated. */
extern const char *const job_bus_changing_properties[];
extern const char *const job_result_bus_changing_properties[];

/* RunJob and Run (run-job-bus.c): the message stands at the argument data. */
int bus_run_job(Manager *m, sd_bus_message *message, const Job *job, sd_bus_error *error) _must_check_;

/* Replies are sent when what they say is on the disk. Takes over the reply. */
int bus_reply_after_commit(Manager *m, sd_bus_message *call, sd_bus_message *reply) _must_check_;

/* Turns a refusal into the error of a call; returns negative errno for the handler to return. */
int bus_refuse(sd_bus_error *error, int r, Refusal *refusal);

/* The same, and an event in the journal when it is for who the caller is: beyond what polkit says. */
int bus_refuse_caller(Manager *m, sd_bus_message *call, const char *class_path, sd_bus_error *error, int r,
                      Refusal *refusal);

/* Handler of CleanJobResults (clean-bus.c). */
int clean_bus_job_results(sd_bus_message *m, void *manager, sd_bus_error *error);

/* Handlers of ListJobs (list-bus.c), ListJobResults and CountJobResults (list-result-bus.c). */
int list_bus_jobs(sd_bus_message *m, void *manager, sd_bus_error *error);
int list_bus_job_results(sd_bus_message *m, void *manager, sd_bus_error *error);
int list_bus_count_job_results(sd_bus_message *m, void *manager, sd_bus_error *error);

/* Handlers of ListObjectModels, ListObjects and ImportObjects (object-bus.c). */
int object_bus_list_models(sd_bus_message *m, void *manager, sd_bus_error *error);
int object_bus_list(sd_bus_message *m, void *manager, sd_bus_error *error);
int object_bus_import(sd_bus_message *m, void *manager, sd_bus_error *error);
