/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "authority.h"
#include "log.h"
#include "trusted-sender.h"

/* The first two together must stay below the 128 of the bus. */
enum {
        INTERACTIVE_MAX = 48,
        PLAIN_MAX = 64,
        INTERACTIVE_PER_USER_MAX = 6,
        PLAIN_PER_USER_MAX = 16,
};

/* Of one user. */
typedef struct UserChecks {
        unsigned n_interactive, n_plain; /* what polkit was asked and has not answered */
        GQueue waiting;                  /* of AuthorityCheck, weak refs, plain ones only: what it will be asked */
} UserChecks;

struct Authority {
        sd_bus *bus;
        GHashTable *users; /* uid -> UserChecks, owned */
        unsigned n_interactive, n_plain;
        uint64_t n_cancellation_ids;
};

struct AuthorityCheck {
        Authority *authority; /* weak ref */
        uint32_t uid;
        bool interactive;
        char cancellation_id[21];
        sd_bus_track *client; /* of an interactive one */
        bool waits;
        bool asked_again;
        sd_bus_message *message;
        sd_bus_slot *slot; /* while polkit is asked */
        PolkitCallback callback;
        void *userdata;
};

static UserChecks *find_user(Authority *a, uint32_t uid) {
        UserChecks *u;

        u = g_hash_table_lookup(a->users, GUINT_TO_POINTER(uid));
        if (!u) {
                u = g_new0(UserChecks, 1);
                g_queue_init(&u->waiting);
                (void) g_hash_table_insert(a->users, GUINT_TO_POINTER(uid), u);
        }
        return u;
}

static void forget_idle_user(Authority *a, uint32_t uid) {
        const UserChecks *u = g_hash_table_lookup(a->users, GUINT_TO_POINTER(uid));

        if (u && u->n_interactive == 0 && u->n_plain == 0 && u->waiting.length == 0)
                (void) g_hash_table_remove(a->users, GUINT_TO_POINTER(uid));
}

static void count(AuthorityCheck *c, int by) {
        UserChecks *u = find_user(c->authority, c->uid);

        if (c->interactive) {
                u->n_interactive += (unsigned) by;
                c->authority->n_interactive += (unsigned) by;
        } else {
                u->n_plain += (unsigned) by;
                c->authority->n_plain += (unsigned) by;
        }
}

static void ask_waiting(Authority *a);
static void on_verdict(PolkitVerdict verdict, void *userdata);

static int check_send(AuthorityCheck *c) {
        int r;

        r = polkit_check_send(c->authority->bus, c->message, c->interactive, on_verdict, c, &c->slot);
        if (r >= 0)
                count(c, 1);
        return r;
}

static int check_send_again(AuthorityCheck *c) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        c->asked_again = true;
        r = polkit_check_again(c->authority->bus, c->message, &message);
        if (r < 0)
                return r;
        (void) sd_bus_message_unref(c->message);
        c->message = TAKE_PTR(message);
        return check_send(c);
}

static void on_verdict(PolkitVerdict verdict, void *userdata) {
        AuthorityCheck *c = userdata;
        Authority *a = c->authority;

        count(c, -1);
        c->slot = sd_bus_slot_unref(c->slot);
        if (verdict == POLKIT_FAILED && !c->asked_again && check_send_again(c) >= 0)
                return;
        c->client = sd_bus_track_unref(c->client);
        forget_idle_user(a, c->uid);
        ask_waiting(a);
        c->callback(verdict, c->userdata);
}

/* Whose turn it is: of those with something to ask, who has the least in progress. So nobody waits for a queue. */
static UserChecks *next_user(Authority *a) {
        UserChecks *u, *next = NULL;
        GHashTableIter i;

        g_hash_table_iter_init(&i, a->users);
        while (g_hash_table_iter_next(&i, NULL, (void **) &u))
                if (u->waiting.length > 0 && u->n_plain < PLAIN_PER_USER_MAX && (!next || u->n_plain < next->n_plain))
                        next = u;
        return next;
}

static void ask_waiting(Authority *a) {
        while (a->n_plain < PLAIN_MAX) {
                UserChecks *u = next_user(a);
                AuthorityCheck *c;

                if (!u)
                        return;
                c = g_queue_pop_head(&u->waiting);
                c->waits = false;
                if (check_send(c) < 0) {
                        forget_idle_user(a, c->uid);
                        c->callback(POLKIT_FAILED, c->userdata);
                }
        }
}

/* Who has gone types no password any more. */
static int on_client_gone(sd_bus_track *track, void *userdata) {
        AuthorityCheck *c = userdata;
        int r;

        r = polkit_check_cancel(c->authority->bus, c->cancellation_id);
        if (r < 0)
                (void) log_debug_errno(r, "Cannot tell polkit that a client has gone, ignoring: %m");
        on_verdict(POLKIT_DENIED, c);
        return 1;
}

static int watch_client(AuthorityCheck *c, const char *sender) {
        int r;

        (void) g_snprintf(c->cancellation_id, sizeof(c->cancellation_id), "%" PRIu64,
                          ++c->authority->n_cancellation_ids);
        r = sd_bus_track_new(c->authority->bus, &c->client, on_client_gone, c);
        return r < 0 ? r : sd_bus_track_add_name(c->client, sender);
}

static bool may_ask_for_password(Authority *a, uint32_t uid) {
        const UserChecks *u = g_hash_table_lookup(a->users, GUINT_TO_POINTER(uid));

        return a->n_interactive < INTERACTIVE_MAX && (!u || u->n_interactive < INTERACTIVE_PER_USER_MAX);
}

int authority_ask(Authority *a, uint32_t uid, const char *sender, const char *action, const char *const *details,
                  bool interactive, PolkitCallback callback, void *userdata, AuthorityCheck **ret) {
        AuthorityCheck *c;
        UserChecks *u;
        int r;

        if (interactive && !may_ask_for_password(a, uid))
                return -ENOBUFS;

        c = g_new(AuthorityCheck, 1);
        *c = (AuthorityCheck){
                .authority = a,
                .uid = uid,
                .interactive = interactive,
                .callback = callback,
                .userdata = userdata,
        };
        u = find_user(a, uid);
        r = interactive ? watch_client(c, sender) : 0;
        if (r >= 0)
                r = sender ? polkit_check_new(a->bus, sender, action, details, interactive ? c->cancellation_id : NULL,
                                              &c->message)
                           : polkit_check_user_new(a->bus, uid, action, details, &c->message);
        if (r >= 0 && !interactive && (a->n_plain >= PLAIN_MAX || u->n_plain >= PLAIN_PER_USER_MAX)) {
                g_queue_push_tail(&u->waiting, c);
                c->waits = true;
        } else if (r >= 0)
                r = check_send(c);
        if (r < 0) {
                (void) authority_check_free(c);
                return r;
        }
        *ret = c;
        return 0;
}

AuthorityCheck *authority_check_free(AuthorityCheck *c) {
        if (!c)
                return NULL;
        if (c->slot)
                count(c, -1);
        if (c->waits)
                (void) g_queue_remove(&find_user(c->authority, c->uid)->waiting, c);
        forget_idle_user(c->authority, c->uid);
        (void) sd_bus_track_unref(c->client);
        (void) sd_bus_slot_unref(c->slot);
        (void) sd_bus_message_unref(c->message);
        g_free(c);
        return NULL;
}

int authority_new(sd_event *event, Authority **ret) {
        _cleanup_(authority_freep) Authority *a = NULL;
        int r;

        a = g_new0(Authority, 1);
        a->users = g_hash_table_new_full(NULL, NULL, NULL, g_free);
        r = sd_bus_open_system_with_description(&a->bus, "polkit");
        if (r < 0)
                return r;
        (void) sd_bus_set_exit_on_disconnect(a->bus, true);
        r = trusted_sender_guard(a->bus, "org.freedesktop.DBus"); /* it alone says who has gone */
        if (r < 0)
                return r;
        r = sd_bus_attach_event(a->bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

Authority *authority_free(Authority *a) {
        if (!a)
                return NULL;
        g_hash_table_unref(a->users);
        (void) sd_bus_flush_close_unref(a->bus);
        g_free(a);
        return NULL;
}
