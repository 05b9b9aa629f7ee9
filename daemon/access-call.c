/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "access-call.h"
#include "log.h"

enum {
        CALLS_MAX = 1024,        /* that wait, in all */
        CALLS_PER_USER_MAX = 32, /* and of one user */
        LISTS_PER_USER_MAX = 4,  /* in progress; the others wait for them */
        ASK_AT_ONCE_MAX = 64,    /* of one list */
        ASK_MAX = 256,           /* of one list in all, that is a second or two of polkit's time */
};

typedef enum CallState {
        CALL_RUNS,   /* the gate or the handler is at it, or has finished: the sweep will see to it */
        CALL_PARKED, /* a list that waits for others of its user */
        CALL_WAITS,  /* for polkit */
        CALL_QUEUED, /* will be handed out again */
} CallState;

struct AccessCalls {
        Authority *authority;
        GHashTable *calls; /* sd_bus_message -> Call, owned */
        GQueue parked;     /* of Call, weak refs */
        sd_event_source *sweep_source;
};

typedef struct Call {
        AccessCalls *calls; /* weak ref */
        sd_bus_message *message;
        uint32_t uid;
        CallState state;
        bool is_list;
        bool has_password;
        GHashTable *checks; /* action and details -> Check, owned */
        unsigned n_pending;
        void *held; /* what its handler waits for */
        GDestroyNotify free_held;
} Call;

typedef struct Check {
        Call *call; /* weak ref */
        AuthorityCheck *check;
        bool answered;
        PolkitVerdict verdict;
} Check;

static void check_free_func(void *p) {
        Check *c = p;

        (void) authority_check_free(c->check);
        g_free(c);
}

static void call_free_func(void *p) {
        Call *c = p;

        if (c->held)
                c->free_held(c->held);
        g_hash_table_unref(c->checks);
        (void) sd_bus_message_unref(c->message);
        g_free(c);
}

static void sweep_soon(AccessCalls *calls) {
        (void) sd_event_source_set_enabled(calls->sweep_source, SD_EVENT_ONESHOT);
}

static Call *call_new(AccessCalls *calls, sd_bus_message *m, uint32_t uid) {
        Call *c;

        c = g_new0(Call, 1);
        c->calls = calls;
        c->message = sd_bus_message_ref(m);
        c->uid = uid;
        c->checks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, check_free_func);
        (void) g_hash_table_insert(calls->calls, m, c);
        sweep_soon(calls);
        return c;
}

static void count_of_user(const AccessCalls *calls, uint32_t uid, unsigned *ret_calls, unsigned *ret_lists) {
        GHashTableIter i;
        Call *c;

        *ret_calls = *ret_lists = 0;
        g_hash_table_iter_init(&i, calls->calls);
        while (g_hash_table_iter_next(&i, NULL, (void **) &c))
                if (c->uid == uid) {
                        (*ret_calls)++;
                        if (c->is_list && c->state != CALL_PARKED)
                                (*ret_lists)++;
                }
}

static bool has_room(const AccessCalls *calls, uint32_t uid) {
        unsigned n_calls, n_lists;

        count_of_user(calls, uid, &n_calls, &n_lists);
        return n_calls < CALLS_PER_USER_MAX && g_hash_table_size(calls->calls) < CALLS_MAX;
}

static bool has_room_for_list(const AccessCalls *calls, uint32_t uid) {
        unsigned n_calls, n_lists;

        count_of_user(calls, uid, &n_calls, &n_lists);
        return n_lists < LISTS_PER_USER_MAX;
}

static void call_again(Call *c) {
        int r;

        c->state = CALL_QUEUED;
        r = sd_bus_message_rewind(c->message, true);
        if (r >= 0)
                r = sd_bus_enqueue_for_read(sd_bus_message_get_bus(c->message), c->message);
        if (r < 0) {
                (void) log_error_errno(r, "Cannot take up a call again, dropping it: %m");
                c->state = CALL_RUNS;
                sweep_soon(c->calls);
        }
}

static void take_up_parked(AccessCalls *calls) {
        for (GList *i = calls->parked.head, *next; i; i = next) {
                Call *c = i->data;

                next = i->next;
                if (has_room_for_list(calls, c->uid)) {
                        g_queue_delete_link(&calls->parked, i);
                        call_again(c);
                }
        }
}

/* Runs between two calls: what is not waiting by then has been answered, by its handler or by an error. */
static int on_sweep(sd_event_source *source, void *userdata) {
        AccessCalls *calls = userdata;
        GHashTableIter i;
        Call *c;

        g_hash_table_iter_init(&i, calls->calls);
        while (g_hash_table_iter_next(&i, NULL, (void **) &c))
                if (c->state == CALL_RUNS)
                        g_hash_table_iter_remove(&i);
        take_up_parked(calls);
        return 0;
}

bool access_calls_resume(AccessCalls *calls, sd_bus_message *m) {
        Call *c;

        c = g_hash_table_lookup(calls->calls, m);
        if (!c)
                return false;
        c->state = CALL_RUNS;
        sweep_soon(calls);
        return true;
}

int access_calls_begin_list(AccessCalls *calls, sd_bus_message *m, uint32_t uid) {
        bool now = has_room_for_list(calls, uid);
        Call *c;

        if (!has_room(calls, uid))
                return -ENOBUFS;
        c = call_new(calls, m, uid);
        c->is_list = true;
        if (now)
                return 1;
        c->state = CALL_PARKED;
        g_queue_push_tail(&calls->parked, c);
        return 0;
}

static void on_verdict(PolkitVerdict verdict, void *userdata) {
        Check *check = userdata;
        Call *c = check->call;

        check->answered = true;
        check->verdict = verdict;
        if (--c->n_pending == 0 && c->state == CALL_WAITS)
                call_again(c);
}

static char *question_key(const AccessQuestion *q) {
        GString *key = g_string_new(q->action);

        g_string_append(key, q->interactive ? "\x1finteractive" : "\x1f");
        if (q->of_user)
                g_string_append_printf(key, "\x1f%" PRIu32, q->uid);
        for (const char *const *detail = q->details; *detail; detail++)
                g_string_append_printf(key, "\x1f%s", *detail);
        return g_string_free(key, false);
}

/* Takes over the key. */
static int ask_new(AccessCalls *calls, Call *c, const AccessQuestion *q, char *key) {
        Check *check;
        int r;

        check = g_new0(Check, 1);
        check->call = c;
        (void) g_hash_table_insert(c->checks, key, check);
        r = authority_ask(calls->authority, q->uid, q->of_user ? NULL : sd_bus_message_get_sender(c->message),
                          q->action, q->details, q->interactive, on_verdict, check, &check->check);
        if (r < 0) {
                (void) g_hash_table_remove(c->checks, key);
                return r;
        }
        c->n_pending++;
        return 0;
}

int access_calls_ask(AccessCalls *calls, sd_bus_message *m, const AccessQuestion *q, PolkitVerdict *ret) {
        g_autofree char *key = question_key(q);
        const Check *check;
        Call *c;

        c = g_hash_table_lookup(calls->calls, m);
        if (!c) {
                if (!has_room(calls, q->uid))
                        return -ENOBUFS;
                c = call_new(calls, m, q->uid);
        }
        check = g_hash_table_lookup(c->checks, key);
        if (check && check->answered) {
                *ret = check->verdict;
                return 1;
        }
        if (check || c->n_pending >= ASK_AT_ONCE_MAX)
                return 0;
        if (q->of_entry && g_hash_table_size(c->checks) >= ASK_MAX)
                return -E2BIG;
        return ask_new(calls, c, q, TAKE_PTR(key));
}

int access_calls_wait(AccessCalls *calls, sd_bus_message *m) {
        Call *c;

        c = g_hash_table_lookup(calls->calls, m);
        if (!c)
                return -EBADMSG;
        c->state = CALL_WAITS;
        if (c->n_pending == 0)
                call_again(c);
        return 1;
}

int access_calls_hold(AccessCalls *calls, sd_bus_message *m, uint32_t uid, void *data, GDestroyNotify free_data) {
        Call *c;

        c = g_hash_table_lookup(calls->calls, m);
        if (!c) {
                /* root asks for many: the gateway and the timers are root's. */
                if (uid == 0 ? g_hash_table_size(calls->calls) >= CALLS_MAX : !has_room(calls, uid))
                        return -ENOBUFS;
                c = call_new(calls, m, uid);
        }
        c->held = data;
        c->free_held = free_data;
        c->n_pending++;
        c->state = CALL_WAITS;
        return 1;
}

void *access_calls_held(const AccessCalls *calls, sd_bus_message *m) {
        const Call *c = g_hash_table_lookup(calls->calls, m);

        return c ? c->held : NULL;
}

void access_calls_release(AccessCalls *calls, sd_bus_message *m) {
        Call *c = g_hash_table_lookup(calls->calls, m);

        if (c && --c->n_pending == 0 && c->state == CALL_WAITS)
                call_again(c);
}

bool access_calls_has_password(const AccessCalls *calls, sd_bus_message *m) {
        const Call *c = g_hash_table_lookup(calls->calls, m);

        return c && c->has_password;
}

void access_calls_set_password(AccessCalls *calls, sd_bus_message *m) {
        Call *c = g_hash_table_lookup(calls->calls, m);

        if (c)
                c->has_password = true;
}

int access_calls_ask_user(AccessCalls *calls, uint32_t uid, const char *action, const char *const *details,
                          PolkitCallback callback, void *userdata, AuthorityCheck **ret) {
        return authority_ask(calls->authority, uid, NULL, action, details, false, callback, userdata, ret);
}

size_t access_calls_size(const AccessCalls *calls) {
        return g_hash_table_size(calls->calls);
}

void access_calls_refuse_waiting(AccessCalls *calls) {
        GHashTableIter i;
        Call *c;

        g_hash_table_iter_init(&i, calls->calls);
        while (g_hash_table_iter_next(&i, NULL, (void **) &c))
                if (c->state == CALL_WAITS || c->state == CALL_PARKED)
                        (void) sd_bus_reply_method_errorf(c->message, SD_BUS_ERROR_FAILED,
                                                          "jobd is being stopped, and %s: nothing was done, try again",
                                                          c->held ? "what this call waits for is not there yet"
                                                                  : "polkit has not answered yet whether you are "
                                                                    "authorised");
}

int access_calls_new(sd_event *event, AccessCalls **ret) {
        _cleanup_(access_calls_freep) AccessCalls *calls = NULL;
        int r;

        calls = g_new0(AccessCalls, 1);
        calls->calls = g_hash_table_new_full(NULL, NULL, NULL, call_free_func);
        g_queue_init(&calls->parked);
        r = authority_new(event, &calls->authority);
        if (r >= 0)
                r = sd_event_add_defer(event, &calls->sweep_source, on_sweep, calls);
        if (r >= 0)
                r = sd_event_source_set_enabled(calls->sweep_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(calls);
        return 0;
}

AccessCalls *access_calls_free(AccessCalls *calls) {
        if (!calls)
                return NULL;
        g_queue_clear(&calls->parked);
        g_hash_table_unref(calls->calls);
        (void) sd_event_source_disable_unref(calls->sweep_source);
        (void) authority_free(calls->authority);
        g_free(calls);
        return NULL;
}
