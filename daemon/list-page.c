/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-error.h"
#include "list-page.h"

enum {
        ROUNDS_MAX = 20,  /* so many batches are read for one page of what the caller may see */
        SCAN_ROWS = 1000, /* so many rows are looked at for each, where no index has what is asked for */
};

void list_page_done(ListPage *p) {
        g_clear_pointer(&p->records, g_ptr_array_unref);
}

int list_page_refuse_store_error(const ListPage *p, sd_bus_error *error) {
        return sd_bus_error_setf(error, BUS_ERROR_STORE_FAILED, "cannot read the %s: %s", p->kind->plural,
                                 store_error_text(p->manager->store));
}

/* ---- in general ---- */

/* By the database: not by asking for each of a million. */
int list_page_restrict_to_own(ListPage *p, sd_bus_error *error) {
        g_autofree char *name = access_caller_name(p->manager->access, p->call);
        int64_t uid = access_caller_uid(p->manager->access, p->call), asked = *p->of_filter.requester_uid;
        const char *requester = *p->of_filter.requester;

        if ((asked >= 0 && asked != uid) || (requester && strcmp(requester, name) != 0))
                return access_refuse_list(p->call, p->kind->of_another, p->kind->action, error);
        *p->of_filter.requester_uid = uid;
        *p->of_filter.requester = NULL;
        return 0;
}

int list_page_check(ListPage *p, const Job *job, sd_bus_error *error) {
        Access *a = p->manager->access;
        AccessVerdict v;

        v = p->kind->may_view(a, p->call, NULL, NULL);
        if (v == ACCESS_DENIED && job)
                v = p->kind->may_view(a, p->call, job, NULL);
        switch (v) {
        case ACCESS_ALLOWED:
                return 0;
        case ACCESS_UNKNOWN:
                return -EAGAIN;
        case ACCESS_FAILED:
                return access_fail_list(v, error);
        default: /* without polkit, too */
                return list_page_restrict_to_own(p, error);
        }
}

/* ---- one by one ---- */

static AccessVerdict may_view(const ListKind *kind, Manager *manager, sd_bus_message *call, const void *record) {
        const char *job_id = kind->job_id(record);
        const Job *job = job_id[0] ? registry_find_by_id(manager->registry, job_id) : NULL;

        return kind->may_view(manager->access, call, job, record);
}

int list_may_view(const ListKind *kind, Manager *manager, sd_bus_message *call, const void *record, sd_bus_error *error) {
        AccessVerdict v = may_view(kind, manager, call, record);

        if (v == ACCESS_UNKNOWN)
                return -EAGAIN;
        return access_verdict_failed(v) ? access_fail_list(v, error) : v == ACCESS_ALLOWED;
}

static bool is_full(const ListPage *p) {
        return p->records->len > p->limit; /* one more, to know that there are more */
}

/*
 * Moves what the caller may see from batch to page, and the filter on to the last one that was looked at. 1: no
 * further ones will be looked at.
 */
static int add_visible(ListPage *p, GPtrArray *batch, sd_bus_error *error) {
        bool unknown = false;

        for (guint i = 0; i < batch->len && !is_full(p); i++) {
                void *record = batch->pdata[i];
                AccessVerdict v = may_view(p->kind, p->manager, p->call, record);

                if (access_verdict_failed(v))
                        return access_fail_list(v, error);
                if (v == ACCESS_UNASKED)
                        return unknown ? -EAGAIN : 1;
                *p->of_filter.before_seq = *(const int64_t *) (const void *) ((const uint8_t *) record + p->kind->seq_offset);
                if (v == ACCESS_UNKNOWN)
                        unknown = true;
                else if (v == ACCESS_ALLOWED) {
                        g_ptr_array_add(p->records, record);
                        batch->pdata[i] = NULL;
                }
        }
        return unknown ? -EAGAIN : is_full(p);
}

static int read_batch(ListPage *p, GPtrArray **ret, sd_bus_error *error) {
        g_autoptr(GPtrArray) batch = g_ptr_array_new_with_free_func(p->kind->free);

        *p->of_filter.limit = p->limit + 1;
        if (p->kind->list(p->manager->store, p->filter, batch) < 0)
                return list_page_refuse_store_error(p, error);
        *ret = TAKE_PTR(batch);
        return 0;
}

/* ---- scans: before_seq is never 0 ---- */

static void scan_begin(const ListPage *p) {
        if (p->of_filter.scan_from_seq)
                *p->of_filter.scan_from_seq = MAX(*p->of_filter.before_seq - SCAN_ROWS, p->scan_end);
}

/* Goes on before the rows that were looked at. false: there are none. */
static bool scan_go_on(const ListPage *p) {
        if (!p->of_filter.scan_from_seq || *p->of_filter.scan_from_seq == p->scan_end)
                return false;
        *p->of_filter.before_seq = *p->of_filter.scan_from_seq;
        return true;
}

/* 1: there may be further ones, 0: there are none. */
static int collect(ListPage *p, sd_bus_error *error) {
        int r;

        for (unsigned round = 0; round < ROUNDS_MAX; round++) {
                g_autoptr(GPtrArray) batch = NULL;

                scan_begin(p);
                r = read_batch(p, &batch, error);
                if (r >= 0)
                        r = add_visible(p, batch, error);
                if (r != 0)
                        return r;
                if (batch->len <= p->limit && !scan_go_on(p))
                        return 0;
        }
        return 1;
}

/* The next call gives the last one of this page as "before"; what was looked at since is not looked at again. */
static void keep_position(ListPage *p) {
        const char *last = p->records->len > 0 ? p->records->pdata[p->records->len - 1] : NULL;
        AccessListState next = { .position = (uint64_t) *p->of_filter.before_seq };
        bool short_page = p->more && next.position > 0 && p->records->len < p->limit;
        g_autofree char *key = p->kind->key(p->options, last ? last + p->kind->id_offset : p->before);

        access_keep_list(p->manager->access, p->call, key, short_page ? &next : NULL);
}

int list_page_fill(ListPage *p, sd_bus_error *error) {
        g_autofree char *key = p->kind->key(p->options, p->before);
        AccessListState state;
        int r;

        p->records = g_ptr_array_new_with_free_func(p->kind->free);
        state = access_find_list(p->manager->access, p->call, key);
        if (state.position > 0)
                *p->of_filter.before_seq = (int64_t) state.position;
        r = collect(p, error);
        if (r < 0)
                return r;
        p->more = r > 0;
        if (is_full(p))
                g_ptr_array_set_size(p->records, (int) p->limit);
        keep_position(p);
        return 0;
}

int list_page_fill_at_offset(ListPage *p, sd_bus_error *error) {
        g_autoptr(GPtrArray) batch = NULL;
        int r;

        p->records = g_ptr_array_new_with_free_func(p->kind->free);
        r = read_batch(p, &batch, error);
        if (r < 0)
                return r;
        p->more = batch->len > p->limit;
        if (p->more)
                g_ptr_array_set_size(batch, (int) p->limit);
        r = add_visible(p, batch, error);
        if (r > 0)
                p->more = true;
        return r < 0 ? r : 0;
}
