/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "access-table.h"
#include "access.h"

/* What a call is about, and how polkit's rules see it. Shared by access*.c only. */

typedef struct AccessTargetObject {
        char *reference; /* as the caller named it; NULL for no particular one */
        const Job *job;  /* weak ref; NULL: there is none */
        JobResult *result;
        bool is_queue;             /* it is about a job queue, */
        const JobQueue *job_queue; /* this one, weak ref; NULL: there is none */
        ScheduledJob *scheduled_job;
        char *queue;   /* of a run that is asked for */
        char *as_text;   /* what the caller has called the user as whom it is asked for; NULL: the caller */
        char *as_user;   /* their name, as far as it is known */
        uint32_t as_uid; /* UINT32_MAX: not looked up yet */
        bool is_model; /* the reference is the name of a model of objects */
} AccessTargetObject;

/* There is such a thing: a job, a job result, a scheduled job. */
bool access_target_exists(const AccessTargetObject *t);
/* It was asked for by that user. */
bool access_target_is_requested_by(const AccessTargetObject *t, uint32_t uid);

void access_target_done(AccessTargetObject *t);

/* Reads what the call is about. Leaves the message rewound. */
void access_target_resolve(const AccessContext *c, sd_bus_message *m, const AccessRule *rule,
                           AccessTargetObject *ret);

/*
 * Looks up the user as whom a run is asked for. To ask for a user can take long, on a host with a directory service, and
 * everybody else waits: so only when the caller may. Returns 0, or negative errno: there is none.
 */
int access_target_find_user(AccessTargetObject *t, bool *ret_other_name) _must_check_;

/* Whether a run is asked for as another user. Leaves the message rewound. */
bool access_target_names_user(sd_bus_message *m, const AccessRule *rule);

/*
 * Whether there can be what the call names: nothing has so long a name. Returns 0, or negative errno and sets the
 * error, which is the same for everybody and has nothing of the name in it. Leaves the message rewound.
 */
int access_target_check(sd_bus_message *m, const AccessRule *rule, sd_bus_error *error) _must_check_;

/* "job", "job result", "scheduled job" or "jobs", for messages. */
const char *access_target_kind(const AccessRule *rule);

enum { ACCESS_DETAILS_MAX = 14 };

/* Key and value pairs; the strings are borrowed, but for the last two. */
typedef struct AccessDetails {
        const char *pairs[2 * ACCESS_DETAILS_MAX + 1]; /* NULL-terminated */
        size_t n;
        char *module_name;
        char *job_class_name;
} AccessDetails;

void access_details_done(AccessDetails *d);

/* A value that is NULL does not apply. */
void access_details_add(AccessDetails *d, const char *key, const char *value);
void access_details_add_job(AccessDetails *d, const Job *job);
void access_details_add_result(AccessDetails *d, const JobResult *jr, const Job *job);
void access_details_add_schedule(AccessDetails *d, const ScheduledJob *sj, const Job *job);
/* The target; one that does not exist is its reference. */
void access_details_add_target(AccessDetails *d, const AccessTargetObject *t);
