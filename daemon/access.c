/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <pwd.h>
#include <string.h>

#include "access-table.h"
#include "access-target.h"
#include "access.h"
#include "authority.h"
#include "bus-error.h"
#include "call-size.h"
#include "log.h"
#include "message-ids.h"
#include "names.h"
#include "now.h"

enum {
        CALLS_MAX = 1024,         /* that wait for polkit, in all */
        CALLS_PER_USER_MAX = 32,  /* and of one user */
        CHECKS_OF_CALL_MAX = 64,  /* of one list at a time */
        KNOWN_SENDERS_MAX = 1024,
        DENIALS_LOGGED_MAX = 100, /* of one user in DENIALS_INTERVAL_USEC */
        DENIED_USERS_MAX = 1024,
};

#define DENIALS_INTERVAL_USEC (10 * 60 * USEC_PER_SEC)

struct Access {
        AccessContext context;
        Authority *authority;
        GHashTable *calls;   /* sd_bus_message -> WaitingCall, owned */
        GHashTable *senders; /* unique name -> uid + 1; a unique name is never used again */
        GHashTable *denials; /* uid -> Denials, owned */
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
        AuthorityCheck *check;
        bool answered;
        PolkitVerdict verdict;
} Check;

/* ---- waiting calls ---- */

static void check_free_func(void *p) {
        Check *c = p;

        (void) authority_check_free(c->check);
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

static char *check_key(const char *action, const AccessDetails *d) {
        GString *key = g_string_new(action);

        for (size_t i = 0; i < d->n; i++)
                g_string_append_printf(key, "\x1f%s", d->pairs[i]);
        return g_string_free(key, false);
}

/* 1: *ret is the verdict, 0: polkit was asked (or will be, with a later call), negative errno. */
static int access_ask(Access *a, sd_bus_message *m, uint32_t uid, const char *action, const AccessDetails *d,
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
        if (check || (c && c->n_pending >= CHECKS_OF_CALL_MAX))
                return 0;
        if (!c && !user_has_room(a, uid))
                return -ENOBUFS;

        check = g_new0(Check, 1);
        r = authority_ask(a->authority, uid, sd_bus_message_get_sender(m), action, d->pairs, interactive, on_verdict,
                          check, &check->check);
        if (r < 0) {
                check_free_func(check);
                return r;
        }
        if (!c)
                c = waiting_call_new(a, m, uid);
        check->call = c;
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

/* The denied calls of one user. Nothing else keeps somebody from filling the journal with them. */
typedef struct Denials {
        uint64_t begin_usec;
        unsigned n;
} Denials;

static unsigned count_denial(Access *a, uint32_t uid) {
        uint64_t now = now_usec();
        Denials *d;

        d = g_hash_table_lookup(a->denials, GUINT_TO_POINTER(uid));
        if (!d) {
                if (g_hash_table_size(a->denials) >= DENIED_USERS_MAX)
                        g_hash_table_remove_all(a->denials);
                d = g_new0(Denials, 1);
                (void) g_hash_table_insert(a->denials, GUINT_TO_POINTER(uid), d);
        }
        if (now < d->begin_usec || now - d->begin_usec >= DENIALS_INTERVAL_USEC)
                *d = (Denials){ .begin_usec = now };
        return ++d->n;
}

static void log_denied(Access *a, sd_bus_message *m, const AccessRule *rule, const AccessTargetObject *t) {
        g_autofree char *caller = access_caller_name(a, m);
        g_autofree char *caller_field = g_strdup_printf("JOB_CALLER=%s", caller);
        g_autofree char *action_field = g_strdup_printf("JOB_ACTION=%s", rule->action);
        const char *fields[] = { caller_field, action_field, NULL };
        unsigned n = count_denial(a, access_caller_uid(a, m));

        if (n > DENIALS_LOGGED_MAX) {
                if (n == DENIALS_LOGGED_MAX + 1)
                        log_notice("Denied more than %i calls of %s within 10 minutes, not logging more of them",
                                   DENIALS_LOGGED_MAX, caller);
                return;
        }
        log_event(LOG_NOTICE, JOBD_MESSAGE_ACCESS_DENIED_STR, fields, "Denied %s to %s %s%s%s", caller, rule->verb,
                  access_target_kind(rule), t->reference ? " " : "", t->reference ?: "");
}

static int too_many_calls(sd_bus_message *m) {
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                          "too many of your calls wait for an authorisation already");
}

/*
 * The same words whether the thing exists or not: who may not see it must not learn that it does.
 */
static int refuse_call(Access *a, sd_bus_message *m, const AccessRule *rule, const AccessTargetObject *t, PolkitVerdict verdict) {
        g_autofree char *subject = NULL;

        log_denied(a, m, rule, t);
        subject = t->reference ? g_strdup_printf("%s '%s'", access_target_kind(rule), t->reference)
                               : g_strdup(access_target_kind(rule));
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

/* As the handler and sd-bus answer for what there is not. */
static int reply_missing(sd_bus_message *m, const AccessRule *rule, const char *reference) {
        switch (rule->target) {
        case ACCESS_TARGET_JOB_ARG:
                return sd_bus_reply_method_errorf(m, BUS_ERROR_NO_SUCH_JOB, BUS_MESSAGE_NO_SUCH_JOB, reference);
        case ACCESS_TARGET_RESULT_ARG:
                return sd_bus_reply_method_errorf(m, BUS_ERROR_NO_SUCH_JOB_RESULT, BUS_MESSAGE_NO_SUCH_JOB_RESULT,
                                                  reference);
        default:
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_OBJECT, "Unknown object '%s'.", reference);
        }
}

/* May this user do this to that? */
typedef struct Question {
        sd_bus_message *message;
        uint32_t uid;
        const AccessRule *rule;
        const AccessTargetObject *target;
        bool with_password; /* the client allows one to be asked for */
} Question;

static int ask_plainly(Access *a, const Question *q, const char *action, PolkitVerdict *ret) {
        _cleanup_(access_details_done) AccessDetails d = {};

        access_details_add_target(&d, q->target);
        return access_ask(a, q->message, q->uid, action, &d, false, ret);
}

/* What is shown to who may not see the thing is what they called it. */
static int ask_by_password(Access *a, const Question *q, bool visible, PolkitVerdict *ret) {
        _cleanup_(access_details_done) AccessDetails d = {};
        const AccessTargetObject *t = q->target;
        const char *what = t->reference;

        if (visible && (t->job || t->result))
                what = t->job ? t->job->effective.name : t->result->job_name;
        access_details_add_target(&d, t);
        access_details_add(&d, "what", what);
        access_details_add(&d, "polkit.message", q->rule->message);
        access_details_add(&d, "polkit.gettext_domain", "jobd");
        return access_ask(a, q->message, q->uid, q->rule->action, &d, true, ret);
}

static int ask_visible(Access *a, const Question *q, bool *ret) {
        const AccessTargetObject *t = q->target;
        const char *action = t->result ? "org.jobd1.view-jobresult" : "org.jobd1.view-job";
        PolkitVerdict verdict;
        int r;

        *ret = t->result && t->result->requester_uid == q->uid;
        if (*ret || (!t->job && !t->result) || strcmp(q->rule->action, action) == 0)
                return 1;
        r = ask_plainly(a, q, action, &verdict);
        *ret = r > 0 && verdict == POLKIT_AUTHORIZED;
        return r;
}

/* 1: *ret is the verdict, 0: polkit was asked, negative errno. *ret_hidden: the caller must not learn that it exists. */
static int ask_question(Access *a, const Question *q, PolkitVerdict *ret, bool *ret_hidden) {
        bool visible;
        int r;

        *ret_hidden = false;
        r = ask_plainly(a, q, q->rule->action, ret);
        if (r <= 0 || *ret == POLKIT_AUTHORIZED || *ret == POLKIT_UNREACHABLE)
                return r;
        r = ask_visible(a, q, &visible);
        if (r <= 0)
                return r;
        if (*ret == POLKIT_CHALLENGE && q->with_password)
                return ask_by_password(a, q, visible, ret);
        *ret_hidden = !visible && (q->target->job || q->target->result);
        return 1;
}

static int ask_for_call(Access *a, sd_bus_message *m, uint32_t uid, const AccessRule *rule) {
        _cleanup_(access_target_done) AccessTargetObject t = {};
        Question q = {
                .message = m,
                .uid = uid,
                .rule = rule,
                .target = &t,
                .with_password = sd_bus_message_get_allow_interactive_authorization(m) > 0,
        };
        PolkitVerdict verdict;
        bool hidden, missing = false;
        int r;

        access_target_resolve(&a->context, m, rule, &t);
        if (rule->requester_may && t.result && t.result->requester_uid == uid)
                return 0;

        r = ask_question(a, &q, &verdict, &hidden);
        if (r > 0 && hidden) {
                /* Whatever polkit would say if it did not exist. */
                const AccessTargetObject nothing = { .reference = t.reference };

                missing = true;
                q.target = &nothing;
                r = ask_question(a, &q, &verdict, &hidden);
        }
        if (r == -ENOBUFS)
                return too_many_calls(m);
        if (r < 0)
                return r;
        if (r == 0)
                return access_wait(a, m);

        (void) g_hash_table_remove(a->calls, m);
        if (verdict != POLKIT_AUTHORIZED)
                return refuse_call(a, m, rule, &t, verdict);
        return missing ? reply_missing(m, rule, t.reference) : 0;
}

/* 0: go on, 1: refused. */
static int check_limits(Access *a, sd_bus_message *m, uint32_t uid, const AccessRule *rule) {
        int r;

        if (g_hash_table_contains(a->calls, m))
                return 0;
        if (uid != 0 && rule->is_list && !user_has_room(a, uid))
                return too_many_calls(m);
        r = call_check_size(m);
        if (r == -E2BIG)
                return sd_bus_reply_method_errorf(m, BUS_ERROR_DATA_TOO_LARGE,
                                                  "the arguments are too large: no call may have more than %i bytes",
                                                  CALL_SIZE_MAX);
        return r;
}

static int access_gate(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *path, *interface, *member;
        Access *a = userdata;
        const AccessRule *rule;
        uint32_t uid;
        int r;

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
        rule = access_rule_find(path, interface, member);
        if (rule && rule->target == ACCESS_TARGET_RUN && is_direct(m))
                return 0; /* whatever its user: the token says who it is */
        if (uid != 0 && is_direct(m)) /* direct.c lets none of them come so far */
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "this socket is for root");
        if (!rule || rule->target == ACCESS_TARGET_RUN)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_METHOD, "there is no method %s.%s on %s",
                                                  interface, member, path);
        r = check_limits(a, m, uid, rule);
        if (r != 0 || uid == 0 || !rule->action)
                return r;
        return ask_for_call(a, m, uid, rule);
}

int access_guard(Access *a, sd_bus *bus) {
        return sd_bus_add_filter(bus, NULL, access_gate, a);
}

/* ---- lists ---- */

static AccessVerdict list_verdict(Access *a, sd_bus_message *m, const char *action, const AccessDetails *d,
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
        _cleanup_(access_details_done) AccessDetails d = {};

        if (access_caller_uid(a, m) == 0)
                return ACCESS_ALLOWED;
        access_details_add_job(&d, job);
        return list_verdict(a, m, "org.jobd1.view-job", &d, false);
}

AccessVerdict access_may_view_jobs(Access *a, sd_bus_message *m) {
        static const char action[] = "org.jobd1.view-job";
        AccessDetails d = {};
        AccessVerdict v;

        if (access_caller_uid(a, m) == 0)
                return ACCESS_ALLOWED;
        v = list_verdict(a, m, action, &d, false);
        if (v != ACCESS_DENIED || sd_bus_message_get_allow_interactive_authorization(m) <= 0)
                return v;
        access_details_add(&d, "polkit.message", "Authentication is required to list the jobs.");
        access_details_add(&d, "polkit.gettext_domain", "jobd");
        return list_verdict(a, m, action, &d, true);
}

AccessVerdict access_may_view_result(Access *a, sd_bus_message *m, const Job *job, const JobResult *result) {
        _cleanup_(access_details_done) AccessDetails d = {};
        uint32_t uid = access_caller_uid(a, m);

        if (uid == 0 || (result && result->requester_uid == uid))
                return ACCESS_ALLOWED;
        if (result)
                access_details_add_result(&d, result, job);
        else if (job)
                access_details_add_job(&d, job);
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

        a->denials = g_hash_table_new_full(NULL, NULL, NULL, g_free);

        r = authority_new(context->event, &a->authority);
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
        g_hash_table_unref(a->denials);
        (void) sd_event_source_disable_unref(a->sweep_source);
        (void) authority_free(a->authority);
        g_free(a);
        return NULL;
}
