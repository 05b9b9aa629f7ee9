/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "job-result.h"

/*
 * Chains: the jobs that a job's end starts, OnSuccess= and OnFailure= of a job class, with what they get of its result.
 * A pure module: chain-runner.c asks for the runs.
 *
 *   OnSuccess=network.Verify device=$input.device report=$result.report.path
 *   OnFailure=ops.Tell text="the backup has failed" from=$id why=$message
 *
 * The first word is the class_path of a job, each further one NAME=VALUE gives a variable its value: text (in the text
 * form of the variable's type), or one of
 *   $id $status $reason $message $class_path $requester   of the job result that has ended
 *   $input.NAME                                            an input of it, one that is not sensitive
 *   $result, $result.KEY.KEY...                            what the run gave as its result, or a part of it
 * "$$" at the beginning is a "$". A value that there is not (no such KEY, an input that was not given) is left out.
 */
typedef enum ChainEvent {
        CHAIN_ON_SUCCESS,
        CHAIN_ON_FAILURE,
        _CHAIN_EVENT_MAX,
} ChainEvent;

enum {
        CHAIN_LINKS_MAX = 32,  /* of one job class */
        CHAIN_VALUES_MAX = 64, /* of one link */
        CHAIN_LENGTH_MAX = 32, /* runs: classes can change while a chain runs */
};

typedef struct ChainLink {
        ChainEvent event;
        char *class_path;
        GPtrArray *values; /* of ChainValue, private to chain.c */
} ChainLink;

/* "OnSuccess" */
const char *chain_event_to_key(ChainEvent event);

/* An empty array of links. */
GPtrArray *chain_new(void);

/* Adds what one line says, or, when it is empty, removes the links of that event. -EINVAL and a sentence. */
int chain_add(GPtrArray *links, ChainEvent event, const char *line, char **ret_error) _must_check_;

/*
 * After the last line: a job does not follow itself, and $input.NAME are variables (array of Variable) of the class, not
 * sensitive, the whole job's input (has_sensitive_variables) included. -EINVAL and a sentence.
 */
int chain_check(const GPtrArray *links, const char *class_path, const GPtrArray *variables,
                bool has_sensitive_variables, char **ret_error) _must_check_;

/* Whether a link of that event looks at $result: the caller reads it from the store. */
bool chain_needs_result(const GPtrArray *links, ChainEvent event);

/*
 * The input of the run that follows. types: name of a variable of its job -> type ("integer"), NULL where it is not
 * known: text then stays text, and the request says what is wrong with it. Free with g_free().
 */
char *chain_link_data(const ChainLink *link, const JobResult *jr, GHashTable *types);

/*
 * Loops among classes (array of JobClass): the chain from that class back to itself, "a.B, a.C, a.B"; NULL when there is
 * none. Free with g_free().
 */
typedef struct JobClass JobClass;
char *chain_find_loop(GHashTable *classes_by_path, const JobClass *class);
