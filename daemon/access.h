/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "access-sender.h"
#include "dispatcher.h"
#include "registry.h"
#include "scheduled-job.h"

/*
 * Who may do what: one gate before all objects. access_gate() is a filter on each connection, so it sees every call
 * before any vtable does, property reads and introspection included: what has no row in the table of access-table.c is
 * refused. While polkit is asked the call waits; it is then taken from the queue again, with the verdict.
 */
typedef struct Access Access;

typedef struct AccessContext {
        sd_event *event;
        Registry *registry;
        JobQueues *queues;
        Dispatcher *dispatcher;
        const Settings *settings;
        Store *store;
} AccessContext;

int access_new(const AccessContext *context, Access **ret) _must_check_;
Access *access_free(Access *a);
DEFINE_CLEANUP(Access *, access_free);

/* Puts the gate before all objects of the connection. */
int access_guard(Access *a, sd_bus *bus) _must_check_;

/* The user behind a call. Never fails: a client that has gone is nobody (UINT32_MAX), and does not pass the gate. */
uint32_t access_caller_uid(Access *a, sd_bus_message *m);
/* Who has logged in behind the caller's sudo, see access_senders_login_uid(). UINT32_MAX: not known. */
uint32_t access_caller_login_uid(Access *a, sd_bus_message *m);
/* That user's name, or the uid in digits. NULL: not known, or it is the caller. Free with g_free(). */
char *access_caller_login_name(Access *a, sd_bus_message *m);
/* The user's name, or the uid in digits. Free with g_free(). */
char *access_caller_name(Access *a, sd_bus_message *m);

/* Whether a denied call, that the caller has counted by this, is to be logged: of one user only so many are. */
bool access_may_log_denial(Access *a, sd_bus_message *m);

/* An event in the journal, unless there are too many of that user: a call was refused for who its caller is. */
void access_log_refusal(Access *a, sd_bus_message *m, const char *class_path, const char *message);

/* The same for a user on whose behalf root has called. */
void access_log_user_denied(Access *a, const char *user, const char *action, const char *what);

/* Calls that wait for polkit, or for other calls of the same user. */
size_t access_n_waiting(const Access *a);

/* Answers those calls with an error: we leave. Once: what nobody waits for, dbus-daemon logs. */
void access_refuse_waiting(Access *a);

/*
 * For lists: whether the caller may see this one. ACCESS_UNKNOWN: polkit must be asked; the handler goes through what
 * it wants to know first, then returns access_wait(), and is called again when all answers are there.
 */
typedef enum AccessVerdict {
        ACCESS_DENIED,
        ACCESS_ALLOWED,
        ACCESS_UNKNOWN,
        ACCESS_UNASKED, /* nor will it be asked: the list ends here and says that there is more */
        ACCESS_UNREACHABLE, /* there is no polkit: access_fail_list() */
        ACCESS_FAILED,      /* polkit has not answered: the same */
} AccessVerdict;

AccessVerdict access_may_view_job(Access *a, sd_bus_message *m, const Job *job);
/* result NULL: job results in general (job NULL), or all of that job. */
AccessVerdict access_may_view_result(Access *a, sd_bus_message *m, const Job *job, const JobResult *result);
AccessVerdict access_may_view_queue(Access *a, sd_bus_message *m, const JobQueue *queue);
/* Whether the caller may revoke this one; result NULL: in general, or all of that job (not NULL) or queue (not NULL). */
AccessVerdict access_may_cancel(Access *a, sd_bus_message *m, const Job *job, const char *queue,
                                const JobResult *result);
/* The same for scheduled jobs. */
AccessVerdict access_may_view_schedule(Access *a, sd_bus_message *m, const Job *job, const ScheduledJob *sj);
/* Jobs in general; may ask for a password where the client allows it. */
AccessVerdict access_may_view_jobs(Access *a, sd_bus_message *m);

/* Returns 1, for the handler to return. */
int access_wait(Access *a, sd_bus_message *m);

/*
 * A call that waits for something else than polkit: its handler returns access_hold(), and is called again from the start
 * after access_release(), to find data by access_held(); data is freed with the call. 1, or -ENOBUFS and the error is
 * set: too many calls of this user wait (data is not taken over).
 */
int access_hold(Access *a, sd_bus_message *m, void *data, GDestroyNotify free_data, sd_bus_error *error) _must_check_;
void *access_held(Access *a, sd_bus_message *m);
void access_release(Access *a, sd_bus_message *m);

/* The error for a list of which the caller may see nothing. */
int access_refuse_list(sd_bus_message *m, const char *what, const char *action, sd_bus_error *error);

/* The error for a list of which nobody can tell what the caller may see. */
bool access_verdict_failed(AccessVerdict v);
int access_fail_list(AccessVerdict v, sd_bus_error *error);

/*
 * How far a list that ended with ACCESS_UNASKED has come, for the call that continues it. key is a digest of what both
 * calls have in common. Found as it was kept; zeros when it was not, or long ago. state NULL: the list has ended.
 */
AccessListState access_find_list(Access *a, sd_bus_message *m, const char *key);
void access_keep_list(Access *a, sd_bus_message *m, const char *key, const AccessListState *state);
