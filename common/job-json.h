/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * The properties of a job, a job result, a scheduled job and a job queue, as GetAll and the lists of org.jobd1.Manager
 * give them, turned into the JSON object that jobctl --json and the HTTP face show, with the reference's field names.
 * Every field is always there, in the order of its table in job-json-field.c, null where the property is absent,
 * unknown or has no value yet.
 *
 * Times are ISO 8601 in UTC with microseconds ("2026-01-31T23:59:00.000000Z"), time spans are seconds (an integer
 * where they are whole, else a double). Identities are UUIDs with dashes. job_model is the job's UUID, null when it
 * was deleted; user is a user's name. log_counts is an object, a number for each level; result is what the job gave,
 * any value, null in lists too. approvals and stages of a scheduled job are arrays of objects: stage, approver,
 * decision, comment, digest, voided, date; name, group, min_approvers, approved.
 */

/*
 * They read the a{sv} at the message's position and step over it. Properties they do not know are skipped. Return 0
 * and an object to free with json_object_unref(), or negative errno (-EBADMSG: not of the types of
 * dbus/org.jobd1.xml).
 */
int job_json_read(sd_bus_message *m, JsonObject **ret) _must_check_;
int job_result_json_read(sd_bus_message *m, JsonObject **ret) _must_check_;
int scheduled_job_json_read(sd_bus_message *m, JsonObject **ret) _must_check_;
int job_queue_json_read(sd_bus_message *m, JsonObject **ret) _must_check_;

/* The members of each, as the properties of a JSON schema (OpenAPI 3.0). Free with json_object_unref(). */
typedef enum JobJsonKind {
        JOB_JSON_JOB,
        JOB_JSON_RESULT,
        JOB_JSON_SCHEDULED_JOB,
        JOB_JSON_QUEUE,
} JobJsonKind;

JsonObject *job_json_describe(JobJsonKind kind);

/* "2026-01-31T23:59:00.000000Z"; NULL for 0 and for what is no time. Free with g_free(). */
char *job_json_format_time(uint64_t usec);

/* The other way round: microseconds since the epoch, 0 for NULL and for text that is no such time. */
uint64_t job_json_parse_time(const char *text);
