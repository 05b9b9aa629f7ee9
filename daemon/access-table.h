/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* The one table of what each member of each interface asks for. polkit/org.jobd1.policy has the same actions. */

typedef enum AccessTarget {
        ACCESS_TARGET_NONE,       /* nothing in particular */
        ACCESS_TARGET_JOB_ARG,    /* the job that the first argument names */
        ACCESS_TARGET_JOB_PATH,   /* the job of the object's path */
        ACCESS_TARGET_RESULT_ARG, /* the job result that the first argument names */
        ACCESS_TARGET_RESULT_PATH,
        ACCESS_TARGET_QUEUE_ARG,  /* the job queue that the first argument names */
        ACCESS_TARGET_QUEUE_PATH,
        ACCESS_TARGET_MODEL_ARG,  /* the model of objects that the first argument names */
        ACCESS_TARGET_MODELS,     /* none of them in particular */
        ACCESS_TARGET_SCHEDULE_ARG,  /* the scheduled job that the first argument names */
        ACCESS_TARGET_SCHEDULE_PATH,
        ACCESS_TARGET_RUN,        /* the run that speaks: on the direct socket, by its token (run-bus.h) */
} AccessTarget;

typedef struct AccessRule {
        const char *interface;
        const char *member;
        const char *action;  /* NULL: everybody */
        const char *and_action; /* this one is asked for, too; NULL: none */
        const char *one_action; /* where both would take a password, one for this takes their place; NULL: none */
        const char *operation;  /* what rules may tell apart by the detail of that name; NULL: nothing */
        AccessTarget target;
        bool requester_may;  /* the requester of the run, or of the scheduled job, needs no action; but and_action */
        bool is_list;        /* polkit is asked for each entry, by the handler */
        const char *message; /* for the authentication dialog, with $(what): the job's name, or what the caller said */
        const char *verb;    /* for the error: "not authorised to <verb> job 'x.Y'" */
        const char *refusal, *and_refusal; /* the reference's sentence, to stand before it; NULL: none */
} AccessRule;

/* The rule for a call, NULL when there is none: the call is refused. path decides for the standard interfaces. */
const AccessRule *access_rule_find(const char *path, const char *interface, const char *member);

extern const AccessRule access_rules[];
extern const size_t access_rules_size;
