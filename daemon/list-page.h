/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "access.h"
#include "manager.h"

/*
 * Pages of records that the store lists, the newest first: job results and scheduled jobs. Whoever may see only some
 * of them is shown those. One call looks at so many only; where it has stopped is kept for the call that goes on.
 */
typedef struct ListKind {
        const char *plural;     /* "job results", for messages */
        const char *of_another; /* "job result of another user" */
        const char *action;     /* that viewing one needs */
        size_t id_offset, seq_offset; /* where a record has its UUID and its place */
        GDestroyNotify free;
        int (*list)(Store *s, const void *filter, GPtrArray *records);
        /* As access_may_view_result(). */
        AccessVerdict (*may_view)(Access *a, sd_bus_message *call, const Job *job, const void *record);
        const char *(*job_id)(const void *record); /* "": it was deleted */
        /* What tells lists apart; before: the UUID that the page begins after, or NULL. Free with g_free(). */
        char *(*key)(const void *options, const char *before);
} ListKind;

/* All is borrowed, but for the records. */
typedef struct ListPage {
        const ListKind *kind;
        Manager *manager;
        sd_bus_message *call;
        const void *options;
        const void *filter;
        struct { /* members of the filter */
                int64_t *requester_uid;
                const char **requester;
                int64_t *before_seq;
                unsigned *limit;
                int64_t *scan_from_seq; /* NULL: what the filter asks for is found by indices alone */
        } of_filter;
        int64_t scan_end;   /* a scan ends with this seq */
        const char *before; /* the UUID that the page begins after; NULL: from the newest */
        uint32_t limit;
        GPtrArray *records; /* owned */
        bool more;          /* there are further ones, or may be */
} ListPage;

void list_page_done(ListPage *p);

/* One record that a caller has named: 1: it may be viewed, 0: there is none for this caller; otherwise as below. */
int list_may_view(const ListKind *kind, Manager *manager, sd_bus_message *call, const void *record, sd_bus_error *error)
                _must_check_;

/* The following return 0, -EAGAIN: polkit was asked (access_wait()), or negative errno and the error is set. */

/*
 * In general, before anything is read: who may not view those of others has the filter restricted to their own. So a
 * job that must not be seen has none, as one that does not exist.
 */
int list_page_check(ListPage *p, const Job *job, sd_bus_error *error) _must_check_;

/* Fills the page. */
int list_page_fill(ListPage *p, sd_bus_error *error) _must_check_;

/*
 * The same, after an offset that the filter has: a page is of so many records that there are then, whoever may see
 * them, so that pages one after the other have each once.
 */
int list_page_fill_at_offset(ListPage *p, sd_bus_error *error) _must_check_;

/* Of those of a user only: the filter does not let others through. */
int list_page_restrict_to_own(ListPage *p, sd_bus_error *error) _must_check_;

/* The error for a list that cannot be read. */
int list_page_refuse_store_error(const ListPage *p, sd_bus_error *error);
