/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus-error.h"
#include "dispatcher-internal.h"

/* What waits takes of what all requesters share: places, and memory for sensitive input. Nobody can take all of it. */

enum {
        PAGE_BYTES = 4096, /* each input has pages of its own */
        SHARES = 16,
};

/* Beside the sensitive files of input-files.c it has to fit into LimitMEMLOCK= of jobd.service: else it could be swapped. */
#define INPUTS_SIZE_MAX (UINT64_C(384) * 1024 * 1024)

typedef struct HeldInput {
        Dispatcher *dispatcher; /* weak ref */
        uint32_t uid;
        Secret *secret; /* NULL: taken */
} HeldInput;

static uint64_t held_size(const Secret *s) {
        return (secret_size(s) / PAGE_BYTES + 1) * PAGE_BYTES;
}

static uint64_t get_number(GHashTable *of_user, uint32_t uid) {
        return GPOINTER_TO_SIZE(g_hash_table_lookup(of_user, GUINT_TO_POINTER(uid)));
}

static void set_number(GHashTable *of_user, uint32_t uid, uint64_t n) {
        if (n == 0)
                (void) g_hash_table_remove(of_user, GUINT_TO_POINTER(uid));
        else
                (void) g_hash_table_insert(of_user, GUINT_TO_POINTER(uid), GSIZE_TO_POINTER(n));
}

/* ---- places ---- */

void dispatcher_count_user(Dispatcher *d, uint32_t uid, int64_t difference) {
        uint64_t n = get_number(d->waiting_of, uid);

        /* What was counted from the store by mistake is counted again: it must not wrap around. */
        set_number(d->waiting_of, uid, difference < 0 ? n - MIN(n, (uint64_t) -difference) : n + (uint64_t) difference);
}

static int check_place(const Dispatcher *d, const JobResult *jr, Refusal *refusal) {
        uint64_t max = d->context.run.settings->max_pending, n = queue_order_count_all_waiting(d->order);
        uint64_t own = get_number(d->waiting_of, jr->requester_uid);

        if (n >= max)
                return refuse(refusal, -E2BIG, BUS_ERROR_TOO_MANY,
                              "%" PRIu64 " runs wait already, no more are taken: see MaxPending= in jobd.conf(5)", n);
        if (jr->requester_uid != 0 && n >= max / 2 && own >= MAX(max / SHARES, 1))
                return refuse(refusal, -E2BIG, BUS_ERROR_TOO_MANY,
                              "%" PRIu64 " runs wait already, %" PRIu64 " of them those of user %s: no more of theirs "
                              "are taken, see MaxPending= in jobd.conf(5)",
                              n, own, jr->requester);
        return 0;
}

/* ---- memory ---- */

static int check_memory(const Dispatcher *d, const PreparedRun *p, Refusal *refusal) {
        uint64_t size, all = d->inputs_size, own;

        if (!p->result->has_sensitive_variables || !p->input)
                return 0;
        size = held_size(p->input);
        own = get_number(d->inputs_size_of, p->result->requester_uid);
        if (all + size <= INPUTS_SIZE_MAX && (all + size <= INPUTS_SIZE_MAX / 2 || p->result->requester_uid == 0 ||
                                             own + size <= INPUTS_SIZE_MAX / SHARES))
                return 0;
        return refuse(refusal, -E2BIG, BUS_ERROR_TOO_MANY,
                      "the sensitive input of runs that wait, which is kept in memory, has %" PRIu64 " MiB already, %" PRIu64
                      " MiB of them for user %s: wait for some of these runs",
                      all / (1024 * 1024), own / (1024 * 1024), p->result->requester);
}

int dispatcher_check_share(const Dispatcher *d, const PreparedRun *p, Refusal *refusal) {
        int r;

        r = check_place(d, p->result, refusal);
        return r < 0 ? r : check_memory(d, p, refusal);
}

static void count_held(HeldInput *h, bool add) {
        Dispatcher *d = h->dispatcher;
        uint64_t size = held_size(h->secret), own = get_number(d->inputs_size_of, h->uid);

        d->inputs_size = add ? d->inputs_size + size : d->inputs_size - size;
        set_number(d->inputs_size_of, h->uid, add ? own + size : own - size);
}

static void held_input_free_func(void *p) {
        HeldInput *h = p;

        if (h->secret)
                count_held(h, false);
        (void) secret_free(h->secret);
        g_free(h);
}

void dispatcher_hold_input(Dispatcher *d, const JobResult *jr, Secret *input) {
        HeldInput *h = g_new(HeldInput, 1);

        *h = (HeldInput){ d, jr->requester_uid, input };
        count_held(h, true);
        (void) g_hash_table_insert(d->inputs, g_strdup(jr->id), h);
}

Secret *dispatcher_take_input(Dispatcher *d, const char *id) {
        HeldInput *h = g_hash_table_lookup(d->inputs, id);
        Secret *input;

        if (!h)
                return NULL;
        count_held(h, false);
        input = TAKE_PTR(h->secret);
        (void) g_hash_table_remove(d->inputs, id);
        return input;
}

/* ---- making it ---- */

void dispatcher_share_init(Dispatcher *d) {
        d->inputs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, held_input_free_func);
        d->inputs_size_of = g_hash_table_new(NULL, NULL);
        d->waiting_of = g_hash_table_new(NULL, NULL);
}

void dispatcher_share_done(Dispatcher *d) {
        g_hash_table_unref(d->inputs); /* counts itself out of the others */
        g_hash_table_unref(d->inputs_size_of);
        g_hash_table_unref(d->waiting_of);
}
