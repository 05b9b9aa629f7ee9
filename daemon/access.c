/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access-internal.h"
#include "bus-error.h"
#include "call-size.h"
#include "json.h"
#include "log.h"
#include "message-ids.h"
#include "names.h"
#include "object-path.h"
#include "user.h"

uint32_t access_caller_uid(Access *a, sd_bus_message *m) {
        return access_senders_uid(a->senders, m);
}

uint32_t access_caller_login_uid(Access *a, sd_bus_message *m) {
        return access_senders_login_uid(a->senders, m);
}

char *access_caller_login_name(Access *a, sd_bus_message *m) {
        uint32_t uid = access_caller_login_uid(a, m);

        return uid == UINT32_MAX || uid == access_caller_uid(a, m) ? NULL : user_name(uid);
}

char *access_caller_name(Access *a, sd_bus_message *m) {
        return access_senders_name(a->senders, m);
}

bool access_may_log_denial(Access *a, sd_bus_message *m) {
        g_autofree char *caller = access_caller_name(a, m);

        return access_denials_add(a->denials, caller);
}

int access_wait(Access *a, sd_bus_message *m) {
        return access_calls_wait(a->calls, m);
}

size_t access_n_waiting(const Access *a) {
        return access_calls_size(a->calls);
}

void access_refuse_waiting(Access *a) {
        access_calls_refuse_waiting(a->calls);
}

int access_hold(Access *a, sd_bus_message *m, void *data, GDestroyNotify free_data, sd_bus_error *error) {
        int r;

        r = access_calls_hold(a->calls, m, access_caller_uid(a, m), data, free_data);
        if (r == -ENOBUFS)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many of your calls wait already: try again "
                                                                             "later");
        return r;
}

void *access_held(Access *a, sd_bus_message *m) {
        return access_calls_held(a->calls, m);
}

void access_release(Access *a, sd_bus_message *m) {
        access_calls_release(a->calls, m);
}

/* ---- the gate ---- */

/* Of the job that it is about; NULL: of none. */
static const char *class_path_of(const AccessTargetObject *t) {
        return t->scheduled_job ? t->scheduled_job->class_path
               : t->result      ? t->result->class_path
               : t->job         ? t->job->class_path
                                : NULL;
}

/* As people know it, where the caller has called it by its object path. */
static const char *name_of(const AccessTargetObject *t) {
        if (!t->reference || t->reference[0] != '/')
                return t->reference;
        return t->scheduled_job ? t->scheduled_job->name
               : t->result      ? t->result->id
               : t->job_queue   ? t->job_queue->name
               : t->job         ? t->job->class_path
                                : t->reference;
}

static void log_denied(Access *a, sd_bus_message *m, const AccessRule *rule, const AccessTargetObject *t) {
        g_autofree char *caller = access_caller_name(a, m);
        g_autofree char *caller_field = g_strdup_printf("JOB_CALLER=%s", caller);
        g_autofree char *action_field = g_strdup_printf("JOB_ACTION=%s", rule->action);
        g_autofree char *shown = json_show_text(name_of(t) ?: "");
        const char *class_path = class_path_of(t);
        g_autofree char *class_field = class_path ? g_strdup_printf("JOB_CLASS_PATH=%s", class_path) : NULL;
        const char *fields[] = { caller_field, action_field, class_field, NULL };

        if (access_denials_add(a->denials, caller))
                log_event(LOG_NOTICE, JOBD_MESSAGE_ACCESS_DENIED_STR, fields, "Denied %s to %s %s%s%s", caller,
                          rule->verb, access_target_kind(rule), t->reference ? " " : "", shown);
}

void access_log_refusal(Access *a, sd_bus_message *m, const char *class_path, const char *message) {
        g_autofree char *caller = access_caller_name(a, m);
        g_autofree char *caller_field = g_strdup_printf("JOB_CALLER=%s", caller);
        g_autofree char *class_field = g_strdup_printf("JOB_CLASS_PATH=%s", class_path);
        const char *fields[] = { caller_field, class_field, NULL };

        if (access_denials_add(a->denials, caller))
                log_event(LOG_NOTICE, JOBD_MESSAGE_CALL_REFUSED_STR, fields, "Refused %s to %s of job '%s': %s",
                          sd_bus_message_get_member(m), caller, class_path, message);
}

void access_log_user_denied(Access *a, const char *user, const char *action, const char *what) {
        g_autofree char *user_field = g_strdup_printf("JOB_CALLER=%s", user);
        g_autofree char *action_field = g_strdup_printf("JOB_ACTION=%s", action);
        const char *fields[] = { user_field, action_field, NULL };

        if (access_denials_add(a->denials, user))
                log_event(LOG_NOTICE, JOBD_MESSAGE_ACCESS_DENIED_STR, fields, "Denied %s to %s", user, what);
}

static int too_many_calls(sd_bus_message *m) {
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                          "too many calls wait for an authorisation already: try again later");
}

static int no_verdict(sd_bus_message *m) {
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_FAILED,
                                          "cannot find out whether you are authorised, since polkit has not answered: "
                                          "try again, or check \"systemctl status polkit\"");
}

/*
 * The same words whether the thing exists or not: who may not see it must not learn that it does.
 */
int access_refuse_call(Access *a, const AccessCheck *c, PolkitVerdict verdict) {
        const AccessTargetObject *t = c->target;
        const AccessRule *rule = c->rule;
        const char *refusal = rule->refusal ?: "", *separator = rule->refusal ? ": " : "";
        sd_bus_message *m = c->message;
        g_autofree char *subject = NULL;

        if (verdict == POLKIT_FAILED)
                return no_verdict(m);
        log_denied(a, m, rule, t);
        subject = t->reference ? g_strdup_printf("%s '%s'", access_target_kind(rule), t->reference)
                               : g_strdup(access_target_kind(rule));
        if (verdict == POLKIT_UNREACHABLE)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED,
                                                  "%s%snot authorised to %s %s: polkit does not answer or does not "
                                                  "know the action %s, so only root may; check \"systemctl status "
                                                  "polkit\"",
                                                  refusal, separator, rule->verb, subject, rule->action);
        return sd_bus_reply_method_errorf(m,
                                          verdict == POLKIT_CHALLENGE ? SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED
                                                                      : SD_BUS_ERROR_ACCESS_DENIED,
                                          "%s%snot authorised to %s %s: ask an administrator for the polkit action "
                                          "%s (see \"Permissions\" in jobd(8))",
                                          refusal, separator, rule->verb, subject, rule->action);
}

/* As the handler and sd-bus answer for what there is not. */
int access_reply_missing(const AccessCheck *c) {
        const char *reference = c->target->reference;
        sd_bus_message *m = c->message;

        switch (c->rule->target) {
        case ACCESS_TARGET_JOB_ARG:
                return sd_bus_reply_method_errorf(m, BUS_ERROR_NO_SUCH_JOB, BUS_MESSAGE_NO_SUCH_JOB, reference);
        case ACCESS_TARGET_QUEUE_ARG:
                return sd_bus_reply_method_errorf(m, BUS_ERROR_NO_SUCH_JOB_QUEUE, BUS_MESSAGE_NO_SUCH_JOB_QUEUE,
                                                  reference);
        case ACCESS_TARGET_RESULT_ARG:
                return sd_bus_reply_method_errorf(m, BUS_ERROR_NO_SUCH_JOB_RESULT, BUS_MESSAGE_NO_SUCH_JOB_RESULT,
                                                  reference);
        case ACCESS_TARGET_SCHEDULE_ARG:
                return sd_bus_reply_method_errorf(m, BUS_ERROR_NO_SUCH_SCHEDULED_JOB,
                                                  BUS_MESSAGE_NO_SUCH_SCHEDULED_JOB, reference);
        default:
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_OBJECT, "Unknown object '%s'.", reference);
        }
}

static int ask(Access *a, const AccessCheck *q, const char *action, const AccessDetails *d, bool interactive,
               PolkitVerdict *ret) {
        return access_calls_ask(a->calls, q->message,
                                &(AccessQuestion){
                                                .uid = q->uid,
                                                .action = action,
                                                .details = d->pairs,
                                                .interactive = interactive,
                                },
                                ret);
}

static int ask_plainly(Access *a, const AccessCheck *q, const char *action, PolkitVerdict *ret) {
        _cleanup_(access_details_done) AccessDetails d = {};

        access_details_add_target(&d, q->target);
        if (strcmp(action, q->rule->action) == 0)
                access_details_add(&d, "operation", q->rule->operation);
        return ask(a, q, action, &d, false, ret);
}

/* What is shown to who may not see the thing is what they called it. */
static int ask_by_password(Access *a, const AccessCheck *q, bool visible, PolkitVerdict *ret) {
        _cleanup_(access_details_done) AccessDetails d = {};
        const AccessTargetObject *t = q->target;
        const char *what = t->reference;

        if (visible && access_target_exists(t))
                what = t->job      ? t->job->effective.name
                       : t->result ? t->result->job_name
                                   : t->scheduled_job->job_name;
        access_details_add_target(&d, t);
        access_details_add(&d, "operation", q->rule->operation);
        access_details_add(&d, "what", what);
        access_details_add(&d, "polkit.message", q->rule->message);
        access_details_add(&d, "polkit.gettext_domain", "jobd");
        return ask(a, q, q->rule->action, &d, true, ret);
}

static int ask_visible(Access *a, const AccessCheck *q, bool *ret) {
        const AccessTargetObject *t = q->target;
        const char *action = t->result          ? "org.jobd1.view-jobresult"
                             : t->scheduled_job ? "org.jobd1.view-scheduledjob"
                                                : "org.jobd1.view-job";
        PolkitVerdict verdict;
        int r;

        *ret = access_target_is_requested_by(t, q->uid);
        if (*ret || !access_target_exists(t) || strcmp(q->rule->action, action) == 0)
                return 1;
        r = ask_plainly(a, q, action, &verdict);
        *ret = r > 0 && verdict == POLKIT_AUTHORIZED;
        return r;
}

/* 1: *ret is the verdict, 0: polkit was asked, negative errno. *ret_hidden: the caller must not learn of it. */
static int ask_question(Access *a, const AccessCheck *q, PolkitVerdict *ret, bool *ret_hidden) {
        bool visible;
        int r;

        *ret_hidden = false;
        r = ask_plainly(a, q, q->rule->action, ret);
        if (r <= 0 || *ret == POLKIT_AUTHORIZED || *ret == POLKIT_UNREACHABLE || *ret == POLKIT_FAILED)
                return r;
        r = ask_visible(a, q, &visible);
        if (r <= 0)
                return r;
        if (*ret == POLKIT_CHALLENGE && q->with_password)
                return ask_by_password(a, q, visible, ret);
        *ret_hidden = !visible && access_target_exists(q->target);
        return 1;
}

int access_check(Access *a, const AccessCheck *c, PolkitVerdict *ret, bool *ret_missing) {
        const AccessTargetObject nothing = { .reference = c->target->reference };
        AccessCheck of_nothing = *c;
        bool hidden;
        int r;

        *ret_missing = false;
        r = ask_question(a, c, ret, &hidden);
        if (r <= 0 || !hidden)
                return r;
        *ret_missing = true;
        of_nothing.target = &nothing;
        return ask_question(a, &of_nothing, ret, &hidden);
}

int access_put_off(Access *a, sd_bus_message *m, int r) {
        if (r == -ENOBUFS)
                return too_many_calls(m);
        return r < 0 ? no_verdict(m) : access_wait(a, m);
}

/* 1: may, 0: answered or put off. */
static int ask_for_action(Access *a, const AccessCheck *c, int *ret_answered) {
        PolkitVerdict verdict;
        bool missing;
        int r;

        r = access_check(a, c, &verdict, &missing);
        if (r > 0 && verdict == POLKIT_AUTHORIZED && !missing)
                return 1;
        *ret_answered = r <= 0                         ? access_put_off(a, c->message, r)
                        : verdict != POLKIT_AUTHORIZED ? access_refuse_call(a, c, verdict)
                                                       : access_reply_missing(c);
        return 0;
}

/* 1: this would take a password, 0: not, or it is not known yet (*ret_r is 0, or negative errno). */
static int takes_password(Access *a, const AccessCheck *c, int *ret_r) {
        PolkitVerdict verdict;

        *ret_r = ask_plainly(a, c, c->rule->action, &verdict);
        return *ret_r > 0 && verdict == POLKIT_CHALLENGE;
}

/*
 * One password for two actions that would take one each. 1: it was right, 0: they are to be asked for one by one,
 * negative: it is answered, or put off, with *ret_answered.
 */
static int ask_for_both(Access *a, const AccessCheck *c, const AccessRule *also, int *ret_answered) {
        AccessRule one = *c->rule;
        const AccessRule *rules[] = { c->rule, also, &one };
        AccessCheck check = *c;
        PolkitVerdict verdict;
        bool visible;
        int r;

        if (!c->rule->one_action || !c->with_password)
                return 0;
        one.action = c->rule->one_action;
        for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
                check.rule = rules[i];
                if (takes_password(a, &check, &r) > 0)
                        continue;
                if (r > 0)
                        return 0;
                *ret_answered = access_put_off(a, c->message, r);
                return -EAGAIN;
        }
        r = ask_visible(a, c, &visible);
        if (r > 0)
                r = ask_by_password(a, &check, visible, &verdict);
        if (r > 0 && verdict == POLKIT_AUTHORIZED)
                return 1;
        *ret_answered = r <= 0 ? access_put_off(a, c->message, r) : access_refuse_call(a, c, verdict);
        return -EAGAIN;
}

static int ask_for_call(Access *a, sd_bus_message *m, uint32_t uid, const AccessRule *rule) {
        _cleanup_(access_target_done) AccessTargetObject t = {};
        AccessCheck c = {
                .message = m,
                .uid = uid,
                .rule = rule,
                .target = &t,
                .with_password = sd_bus_message_get_allow_interactive_authorization(m) > 0,
        };
        AccessRule also = *rule;
        int r, q;

        access_target_resolve(&a->context, m, rule, &t);
        if (t.as_user)
                return access_user_check_run(a, &c, &t);
        also.action = rule->and_action;
        also.refusal = rule->and_refusal;
        q = ask_for_both(a, &c, &also, &r);
        if (q != 0)
                return q > 0 ? 0 : r;
        if (!(rule->requester_may && access_target_is_requested_by(&t, uid)) && ask_for_action(a, &c, &r) == 0)
                return r;
        if (!rule->and_action)
                return 0;
        c.rule = &also;
        return ask_for_action(a, &c, &r) == 0 ? r : 0;
}

/* Before anything of the call is copied. 0: go on, 1: answered or put off, negative errno: the error is set. */
static int check_limits(Access *a, sd_bus_message *m, uint32_t uid, const AccessRule *rule, sd_bus_error *error) {
        int r;

        if (access_calls_resume(a->calls, m))
                return 0;
        r = call_check_size(m);
        if (r == -E2BIG)
                return sd_bus_error_setf(error, BUS_ERROR_DATA_TOO_LARGE,
                                         "the arguments are too large: no call may have more than %i bytes",
                                         CALL_SIZE_MAX);
        if (r >= 0)
                r = access_target_check(m, rule, error);
        if (r < 0 || uid == 0 || !rule->is_list)
                return r;
        r = access_calls_begin_list(a->calls, m, uid);
        if (r == -ENOBUFS)
                return too_many_calls(m);
        return r < 0 ? r : r == 0;
}

/* Whoever has called the method that is being handled. sd-bus forgets the message when its handler has returned. */
static char **log_fields(void *userdata) {
        Access *a = userdata;

        if (!a->current_bus || sd_bus_get_current_message(a->current_bus) != a->current)
                return NULL;
        return access_senders_fields(a->senders, a->current);
}

static void set_current(Access *a, sd_bus_message *m) {
        (void) sd_bus_unref(a->current_bus);
        a->current_bus = sd_bus_ref(sd_bus_message_get_bus(m));
        a->current = m;
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
        if (rule && rule->target == ACCESS_TARGET_RUN && access_is_direct(m))
                return 0; /* whatever its user: the token says who it is */
        if (uid == UINT32_MAX)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "cannot find out whose call this is");
        if (uid != 0 && access_is_direct(m)) /* direct.c lets none of them come so far */
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "this socket is for root");
        if (!rule || rule->target == ACCESS_TARGET_RUN)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_METHOD, "there is no method %s.%s on %.*s",
                                                  interface, member, OBJECT_PATH_SIZE, path);
        set_current(a, m);
        r = check_limits(a, m, uid, rule, error);
        if (r != 0 || !rule->action || (uid == 0 && !access_target_names_user(m, rule)))
                return r;
        return ask_for_call(a, m, uid, rule);
}

int access_guard(Access *a, sd_bus *bus) {
        return sd_bus_add_filter(bus, NULL, access_gate, a);
}

/* ---- making it ---- */

int access_new(const AccessContext *context, Access **ret) {
        _cleanup_(access_freep) Access *a = NULL;
        int r;

        a = g_new0(Access, 1);
        a->context = *context;
        log_context_set_source(log_fields, a);
        a->senders = access_senders_new();
        r = access_calls_new(context->event, &a->calls);
        if (r >= 0)
                r = access_denials_new(context->event, &a->denials);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

Access *access_free(Access *a) {
        if (!a)
                return NULL;
        log_context_set_source(NULL, NULL);
        (void) sd_bus_unref(a->current_bus);
        (void) access_calls_free(a->calls);
        (void) access_senders_free(a->senders);
        (void) access_denials_free(a->denials);
        g_free(a);
        return NULL;
}
