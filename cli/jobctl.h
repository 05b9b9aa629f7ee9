/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "connection.h"

/* The exit statuses of jobctl(1). A run that succeeded, and any other verb that did what it was asked, is 0. */
enum {
        STATUS_FAILURE = 1, /* the run failed; refresh: something was refused */
        STATUS_USAGE = 2,   /* the command line is wrong */
        STATUS_REVOKED = 3, /* the run was revoked */
        STATUS_ERROR = 4,   /* refused, not found, not reachable */
};

/* What the options that every verb has say. */
typedef struct Jobctl {
        ConnectionOptions connection;
        char *socket; /* what connection.socket borrows */
        bool json;
} Jobctl;

typedef struct Verb {
        const char *subject;   /* the heading of "jobctl --help" under which it stands */
        const char *name;
        const char *arguments; /* for the usage line */
        const char *summary;
        int (*run)(Jobctl *j, const struct Verb *verb, int argc, char **argv); /* argv[0] is the verb; exit status */
        const char *details;   /* what its help says after the options; NULL: nothing */
} Verb;

/*
 * Parses a verb's command line: entries (ending in { NULL }; NULL: none of its own) and the options that every verb
 * has. Returns -1 and the arguments (borrowed, NULL-terminated), or the status to exit with: after --help, or once it
 * has said what is wrong. There must be min to max arguments.
 */
int verb_parse(Jobctl *j, const Verb *verb, const GOptionEntry *entries, int argc, char **argv, unsigned min,
               unsigned max, char ***ret_arguments) _must_check_;

/* A wrong command line: prints the sentence and where to read more. Returns STATUS_USAGE. */
int usage_error(const Verb *verb, const char *format, ...) _printf_(2, 3);

int verb_list(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_show(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_refresh(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_enable(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_disable(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_set(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_revert(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_delete(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_run(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_results(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_result(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_logs(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_outputs(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_cancel(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_clean(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_objects(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_schedules(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_schedule(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_approvals(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_approve(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_deny(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_queues(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_queue(Jobctl *j, const Verb *verb, int argc, char **argv);
int verb_monitor(Jobctl *j, const Verb *verb, int argc, char **argv);
