/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <pwd.h>
#include <string.h>

#include "access-table.h"
#include "access.h"
#include "log.h"
#include "message-ids.h"
#include "names.h"
#include "object-path.h"
#include "polkit.h"

enum {
        CALLS_MAX = 1024,         /* that wait for polkit, in all */
        CALLS_PER_USER_MAX = 32,  /* and of one user */
        CHECKS_IN_FLIGHT_MAX = 64, /* of one list; the bus allows us 128 calls that wait for a reply */
        KNOWN_SENDERS_MAX = 1024,
        DETAILS_MAX = 24,
};

struct Access {
        AccessContext context;
        sd_bus *bus; /* to polkit: its own connection, see unit.h for why */
        GHashTable *calls;   /* sd_bus_message -> WaitingCall, owned */
        GHashTable *senders; /* unique name -> uid + 1; a unique name is never used again */
        sd_event_source *sweep_source;
};

/* A call for which polkit was asked. */
typedef struct WaitingCall {
        Access *access; /* weak ref */
        sd_bus_message *message;
        uint32_t uid;
        GHashTable *verdicts; /* action and details -> Check, owned */
        unsigned n_pending;
        bool waiting;
} WaitingCall;

typedef struct Check {
        WaitingCall *call; /* weak ref */
        sd_bus_slot *slot;
        bool answered;
        PolkitVerdict verdict;
} Check;

/* Key and value pairs for polkit's rules; the strings are borrowed. */
typedef struct Details {
        const char *pairs[DETAILS_MAX + 1];
        size_t n;
} Details;

static void details_add(Details *d, const char *key, const char *value) {
        if (!value || d->n + 2 > DETAILS_MAX)
                return;
        d->pairs[d->n++] = key;
        d->pairs[d->n++] = value;
}

static void details_add_job(Details *d, const Job *job) {
        details_add(d, "job", job->effective.name);
        details_add(d, "class_path", job->class_path);
        details_add(d, "module_name", job->module_name);
        details_add(d, "job_class_name", job->job_class_name);
        details_add(d, "grouping", job->effective.grouping);
}

static void details_add_result(Details *d, const JobResult *jr, const Job *job) {
        if (job)
                details_add_job(d, job);
        else {
                details_add(d, "job", jr->job_name);
                details_add(d, "class_path", jr->class_path);
        }
        details_add(d, "queue", jr->task_queue);
        details_add(d, "requester", jr->requester);
}

/* ---- waiting calls ---- */

static void check_free_func(void *p) {
        Check *c = p;

        (void) sd_bus_slot_unref(c->slot);
        g_free(c);
}

static void waiting_call_free_func(void *p) {
        WaitingCall *c = p;

        g_hash_table_unref(c->verdicts);
        (void) sd_bus_message_unref(c->message);
        g_free(c);
}

static WaitingCall *waiting_call_new(Access *a, sd_bus_message *m, uint32_t uid) {
        WaitingCall *c;

        c = g_new0(WaitingCall, 1);
        c->access = a;
        c->message = sd_bus_message_ref(m);
        c->uid = uid;
        c->verdicts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, check_free_func);
        (void) g_hash_table_insert(a->calls, m, c);
        return c;
}

static bool user_has_room(const Access *a, uint32_t uid) {
        GHashTableIter i;
        unsigned n = 0;
        WaitingCall *c;

        if (g_hash_table_size(a->calls) >= CALLS_MAX)
                return false;
        g_hash_table_iter_init(&i, a->calls);
        while (g_hash_table_iter_next(&i, NULL, (void **) &c))
                if (c->uid == uid)
                        n++;
        return n < CALLS_PER_USER_MAX;
}

/* Calls whose handler has run, or ran into an error, are forgotten once the loop has nothing better to do. */
static int on_sweep(sd_event_source *source, void *userdata) {
        Access *a = userdata;
        GHashTableIter i;
        WaitingCall *c;

        g_hash_table_iter_init(&i, a->calls);
        while (g_hash_table_iter_next(&i, NULL, (void **) &c))
                if (!c->waiting)
                        g_hash_table_iter_remove(&i);
        return 0;
}

static void call_again(WaitingCall *c) {
        int r;

        c->waiting = false;
        (void) sd_event_source_set_enabled(c->access->sweep_source, SD_EVENT_ONESHOT);
        r = sd_bus_message_rewind(c->message, true);
        if (r >= 0)
                r = sd_bus_enqueue_for_read(sd_bus_message_get_bus(c->message), c->message);
        if (r < 0)
                (void) log_error_errno(r, "Cannot take up a call again, dropping it: %m");
}

static void on_verdict(PolkitVerdict verdict, void *userdata) {
        Check *check = userdata;
        WaitingCall *c = check->call;

        check->answered = true;
        check->verdict = verdict;
        if (--c->n_pending == 0 && c->waiting)
                call_again(c);
}

static char *check_key(const char *action, const Details *d) {
        GString *key = g_string_new(action);

        for (size_t i = 0; i < d->n; i++)
                g_string_append_printf(key, "\x1f%s", d->pairs[i]);
        return g_string_free(key, false);
}

/* 1: *ret is the verdict, 0: polkit was asked (or will be, with a later call), negative errno. */
static int access_ask(Access *a, sd_bus_message *m, uint32_t uid, const char *action, const Details *d,
                      bool interactive, PolkitVerdict *ret) {
        g_autofree char *key = check_key(action, d);
        WaitingCall *c;
        Check *check;
        int r;

        c = g_hash_table_lookup(a->calls, m);
        check = c ? g_hash_table_lookup(c->verdicts, key) : NULL;
        if (check && check->answered) {
                *ret = check->verdict;
                return 1;
        }
        if (check || (c && c->n_pending >= CHECKS_IN_FLIGHT_MAX))
                return 0;
        if (!c && !user_has_room(a, uid))
                return -ENOBUFS;

        if (!c)
                c = waiting_call_new(a, m, uid);
        check = g_new0(Check, 1);
        check->call = c;
        r = polkit_check(a->bus, sd_bus_message_get_sender(m), action, d->pairs, interactive, on_verdict, check,
                         &check->slot);
        if (r < 0) {
                check_free_func(check);
                return r;
        }
        (void) g_hash_table_insert(c->verdicts, TAKE_PTR(key), check);
        c->n_pending++;
        return 0;
}

int access_wait(Access *a, sd_bus_message *m) {
        WaitingCall *c;

        c = g_hash_table_lookup(a->calls, m);
        if (!c)
                return -EBADMSG;
        c->waiting = true;
        if (c->n_pending == 0)
                call_again(c);
        return 1;
}

size_t access_n_waiting(const Access *a) {
        return g_hash_table_size(a->calls);
}

/* ---- who calls ---- */

/* On the direct socket a client writes into the field "sender" what it likes: there the socket says who it is. */
static bool is_direct(sd_bus_message *m) {
        return sd_bus_is_bus_client(sd_bus_message_get_bus(m)) <= 0;
}

static uint32_t direct_caller_uid(sd_bus_message *m) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        uid_t uid;

        if (sd_bus_get_owner_creds(sd_bus_message_get_bus(m), SD_BUS_CREDS_EUID, &creds) < 0 ||
            sd_bus_creds_get_euid(creds, &uid) < 0)
                return UINT32_MAX;
        return uid;
}

uint32_t access_caller_uid(Access *a, sd_bus_message *m) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        const char *sender = sd_bus_message_get_sender(m);
        void *known;
        uid_t uid;

        if (is_direct(m))
                return direct_caller_uid(m);
        if (!sender)
                return UINT32_MAX;
        known = g_hash_table_lookup(a->senders, sender);
        if (known)
                return GPOINTER_TO_UINT(known) - 1;
        if (sd_bus_query_sender_creds(m, SD_BUS_CREDS_EUID, &creds) < 0 || sd_bus_creds_get_euid(creds, &uid) < 0)
                return UINT32_MAX;

        if (g_hash_table_size(a->senders) >= KNOWN_SENDERS_MAX)
                g_hash_table_remove_all(a->senders);
        (void) g_hash_table_insert(a->senders, g_strdup(sender), GUINT_TO_POINTER(uid + 1));
        return uid;
}

char *access_caller_name(Access *a, sd_bus_message *m) {
        uint32_t uid = access_caller_uid(a, m);
        struct passwd *pw = getpwuid(uid);

        return pw ? g_strdup(pw->pw_name) : g_strdup_printf("%" PRIu32, uid);
}

/* ---- the gate ---- */

/* What a call is about. */
typedef struct Target {
        char *reference; /* as the caller named it; NULL for no particular one */
        const Job *job;  /* weak ref; NULL: there is none */
        JobResult *result;
        char *queue;
} Target;

static void target_done(Target *t) {
        g_free(t->reference);
        g_free(t->queue);
        (void) job_result_free(t->result);
}

/* The option task_queue in the last argument of RunJob and Run. */
static char *find_queue_option(sd_bus_message *m) {
        const char *key, *value;
        char *queue = NULL;

        if (sd_bus_message_enter_container(m, 'a', "{sv}") <= 0)
                return NULL;
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                if (sd_bus_message_read(m, "s", &key) < 0)
                        break;
                if (strcmp(key, "task_queue") == 0 && sd_bus_message_read(m, "v", "s", &value) >= 0) {
                        g_free(queue);
                        queue = g_strdup(value);
                } else if (sd_bus_message_skip(m, "v") < 0)
                        break;
                if (sd_bus_message_exit_container(m) < 0)
                        break;
        }
        return queue;
}

static char *target_queue(sd_bus_message *m, const AccessRule *rule, const Job *job, const Settings *settings) {
        char *queue = NULL;

        if (!job || g_strcmp0(rule->action, "org.jobd1.run-job") != 0)
                return NULL;
        if (sd_bus_message_skip(m, "s") >= 0) /* data; the job's reference was read before */
                queue = find_queue_option(m);
        return queue ?: g_strdup(run_request_default_queue(job, settings));
}

static void resolve_result(Access *a, const char *id, Target *t) {
        if (dispatcher_get_result(a->context.dispatcher, id, &t->result) > 0 && t->result->job_id[0])
                t->job = registry_find_by_id(a->context.registry, t->result->job_id);
}

static void resolve_target(Access *a, sd_bus_message *m, const AccessRule *rule, Target *t) {
        const char *path = sd_bus_message_get_path(m), *text;
        char id[UUID_STRING_SIZE];

        switch (rule->target) {
        case ACCESS_TARGET_NONE:
                return;
        case ACCESS_TARGET_JOB_ARG:
                if (sd_bus_message_read(m, "s", &text) < 0)
                        return;
                t->reference = g_strdup(text);
                t->job = registry_find(a->context.registry, text);
                break;
        case ACCESS_TARGET_JOB_PATH:
                t->reference = g_strdup(path);
                if (object_path_parse(path, JOBD_JOB_PATH, id) >= 0)
                        t->job = registry_find_by_id(a->context.registry, id);
                break;
        case ACCESS_TARGET_RESULT_ARG:
                if (sd_bus_message_read(m, "s", &text) < 0)
                        return;
                t->reference = g_strdup(text);
                if (uuid_parse(text, id) >= 0)
                        resolve_result(a, id, t);
                break;
        case ACCESS_TARGET_RESULT_PATH:
                t->reference = g_strdup(path);
                if (object_path_parse(path, JOBD_RESULT_PATH, id) >= 0)
                        resolve_result(a, id, t);
                break;
        }
        t->queue = target_queue(m, rule, t->job, a->context.settings);
}

static const char *what_is_asked(const AccessRule *rule) {
        switch (rule->target) {
        case ACCESS_TARGET_RESULT_ARG:
        case ACCESS_TARGET_RESULT_PATH:
                return "job result";
        case ACCESS_TARGET_NONE:
                return "jobs";
        default:
                return "job";
        }
}

static void log_denied(Access *a, sd_bus_message *m, const AccessRule *rule, const Target *t) {
        g_autofree char *caller = access_caller_name(a, m);
        g_autofree char *caller_field = g_strdup_printf("JOB_CALLER=%s", caller);
        g_autofree char *action_field = g_strdup_printf("JOB_ACTION=%s", rule->action);
        const char *fields[] = { caller_field, action_field, NULL };

        log_event(LOG_NOTICE, JOBD_MESSAGE_ACCESS_DENIED_STR, fields, "Denied %s to %s %s%s%s", caller, rule->verb,
                  what_is_asked(rule), t->reference ? " " : "", t->reference ?: "");
}

/*
 * The same words whether the thing exists or not: who may not see it must not learn that it does.
 */
static int refuse_call(Access *a, sd_bus_message *m, const AccessRule *rule, const Target *t, PolkitVerdict verdict) {
        g_autofree char *subject = NULL;

        log_denied(a, m, rule, t);
        subject = t->reference ? g_strdup_printf("%s '%s'", what_is_asked(rule), t->reference)
                               : g_strdup(what_is_asked(rule));
        if (verdict == POLKIT_UNREACHABLE)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED,
                                                  "not authorised to %s %s: polkit does not answer or does not know the "
                                                  "action %s, so only root may; check \"systemctl status polkit\"",
                                                  rule->verb, subject, rule->action);
        return sd_bus_reply_method_errorf(m,
                                          verdict == POLKIT_CHALLENGE ? SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED
                                                                      : SD_BUS_ERROR_ACCESS_DENIED,
                                          "not authorised to %s %s: ask an administrator for the polkit action %s "
                                          "(see \"Permissions\" in jobd(8))",
                                          rule->verb, subject, rule->action);
}

static int too_many_calls(sd_bus_message *m) {
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                          "too many of your calls wait for an authorisation already");
}

static int ask_for_call(Access *a, sd_bus_message *m, uint32_t uid, const AccessRule *rule) {
        _cleanup_(target_done) Target t = {};
        PolkitVerdict verdict;
        Details d = {};
        int r;

        resolve_target(a, m, rule, &t);
        (void) sd_bus_message_rewind(m, true);
        if (rule->requester_may && t.result && t.result->requester_uid == uid)
                return 0;

        if (t.result)
                details_add_result(&d, t.result, t.job);
        else if (t.job)
                details_add_job(&d, t.job);
        else
                details_add(&d, "job", t.reference);
        details_add(&d, "queue", t.queue);
        details_add(&d, "polkit.message", rule->message);
        details_add(&d, "polkit.gettext_domain", "jobd");

        r = access_ask(a, m, uid, rule->action, &d, sd_bus_message_get_allow_interactive_authorization(m) > 0,
                       &verdict);
        if (r == -ENOBUFS)
                return too_many_calls(m);
        if (r < 0)
                return r;
        if (r == 0)
                return access_wait(a, m);

        (void) g_hash_table_remove(a->calls, m);
        return verdict == POLKIT_AUTHORIZED ? 0 : refuse_call(a, m, rule, &t, verdict);
}

static int access_gate(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *path, *interface, *member;
        Access *a = userdata;
        const AccessRule *rule;
        uint32_t uid;

        if (!sd_bus_message_is_method_call(m, NULL, NULL))
                return 0;
        path = sd_bus_message_get_path(m);
        interface = sd_bus_message_get_interface(m);
        member = sd_bus_message_get_member(m);
        if (!path || !member || !g_str_has_prefix(path, JOBD_MANAGER_PATH))
                return 0;
        if (!interface)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_INTERFACE,
                                                  "the call of %s does not say which interface: give it", member);
        if (strcmp(interface, "org.freedesktop.DBus.Peer") == 0)
                return 0;

        uid = access_caller_uid(a, m);
        if (uid != 0 && is_direct(m)) /* direct.c lets none of them come so far */
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "this socket is for root");
        rule = access_rule_find(path, interface, member);
        if (!rule)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_METHOD, "there is no method %s.%s on %s",
                                                  interface, member, path);
        if (uid == 0 || !rule->action)
                return 0;
        return ask_for_call(a, m, uid, rule);
}

int access_guard(Access *a, sd_bus *bus) {
        return sd_bus_add_filter(bus, NULL, access_gate, a);
}

/* ---- lists ---- */

static AccessVerdict list_verdict(Access *a, sd_bus_message *m, const char *action, const Details *d,
                                  bool interactive) {
        PolkitVerdict verdict;
        int r;

        r = access_ask(a, m, access_caller_uid(a, m), action, d, interactive, &verdict);
        if (r < 0)
                return ACCESS_DENIED;
        if (r == 0)
                return ACCESS_UNKNOWN;
        return verdict == POLKIT_AUTHORIZED ? ACCESS_ALLOWED : ACCESS_DENIED;
}

AccessVerdict access_may_view_job(Access *a, sd_bus_message *m, const Job *job) {
        Details d = {};

        if (access_caller_uid(a, m) == 0)
                return ACCESS_ALLOWED;
        details_add_job(&d, job);
        return list_verdict(a, m, "org.jobd1.view-job", &d, false);
}

AccessVerdict access_may_view_jobs(Access *a, sd_bus_message *m) {
        Details d = {};

        if (access_caller_uid(a, m) == 0)
                return ACCESS_ALLOWED;
        details_add(&d, "polkit.message", "Authentication is required to list the jobs.");
        details_add(&d, "polkit.gettext_domain", "jobd");
        return list_verdict(a, m, "org.jobd1.view-job", &d, sd_bus_message_get_allow_interactive_authorization(m) > 0);
}

AccessVerdict access_may_view_result(Access *a, sd_bus_message *m, const Job *job, const JobResult *result) {
        uint32_t uid = access_caller_uid(a, m);
        Details d = {};

        if (uid == 0 || (result && result->requester_uid == uid))
                return ACCESS_ALLOWED;
        if (result)
                details_add_result(&d, result, job);
        else if (job)
                details_add_job(&d, job);
        return list_verdict(a, m, "org.jobd1.view-jobresult", &d, false);
}

int access_refuse_list(sd_bus_message *m, const char *what, const char *action, sd_bus_error *error) {
        return sd_bus_error_setf(error,
                                 sd_bus_message_get_allow_interactive_authorization(m) > 0
                                                 ? SD_BUS_ERROR_ACCESS_DENIED
                                                 : SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                 "not authorised to view any %s: ask an administrator for the polkit action %s (see "
                                 "\"Permissions\" in jobd(8))",
                                 what, action);
}

/* ---- making it ---- */

int access_new(const AccessContext *context, Access **ret) {
        _cleanup_(access_freep) Access *a = NULL;
        int r;

        a = g_new0(Access, 1);
        a->context = *context;
        a->calls = g_hash_table_new_full(NULL, NULL, NULL, waiting_call_free_func);
        a->senders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        r = sd_bus_open_system_with_description(&a->bus, "polkit");
        if (r < 0)
                return r;
        (void) sd_bus_set_exit_on_disconnect(a->bus, true);
        r = sd_bus_attach_event(a->bus, context->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_event_add_defer(context->event, &a->sweep_source, on_sweep, a);
        if (r >= 0)
                r = sd_event_source_set_priority(a->sweep_source, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_source_set_enabled(a->sweep_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

Access *access_free(Access *a) {
        if (!a)
                return NULL;
        g_hash_table_unref(a->calls);
        g_hash_table_unref(a->senders);
        (void) sd_event_source_disable_unref(a->sweep_source);
        (void) sd_bus_flush_close_unref(a->bus);
        g_free(a);
        return NULL;
}
