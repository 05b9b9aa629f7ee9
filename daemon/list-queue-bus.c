/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "bus-error.h"
#include "bus-option.h"
#include "list-bus.h"
#include "list.h"
#include "names.h"
#include "queue-bus.h"

/* ListJobQueues */

typedef struct QueueFilter {
        int enabled; /* -1: any */
        const char *name, *q;
        uint32_t limit, offset;
} QueueFilter;

static const BusOption filter_table[] = {
        { "enabled", 'b', offsetof(QueueFilter, enabled) },
        { "name", 's', offsetof(QueueFilter, name) },
        { "q", 's', offsetof(QueueFilter, q) },
        { "limit", 'u', offsetof(QueueFilter, limit) },
        { "offset", 'u', offsetof(QueueFilter, offset) },
};

static bool contains_any_case(const char *text, const char *part) {
        g_autofree char *a = g_utf8_casefold(text, -1), *b = g_utf8_casefold(part, -1);

        return strstr(a, b);
}

static bool queue_matches(const JobQueue *q, const QueueFilter *f) {
        return (f->enabled < 0 || q->enabled == (f->enabled != 0)) && (!f->name || strcmp(q->name, f->name) == 0) &&
               (!f->q || contains_any_case(q->name, f->q) || contains_any_case(q->description, f->q));
}

/* An entry of the reply. */
typedef struct Listed {
        char id[UUID_STRING_SIZE]; /* first: list_send() */
        const JobQueue *queue;
        const Manager *manager;
} Listed;

static void page_add(GPtrArray *page, const Manager *manager, const JobQueue *q) {
        Listed *l = g_new0(Listed, 1);

        (void) g_strlcpy(l->id, q->id, sizeof(l->id));
        l->queue = q;
        l->manager = manager;
        g_ptr_array_add(page, l);
}

/*
 * The queues that the filter and polkit let through. There are few: the caller's right is asked for all that come
 * before the end of the page. 0, -EAGAIN: polkit was asked; or the error is set.
 */
static int collect(Manager *manager, sd_bus_message *m, const QueueFilter *f, GPtrArray *page, bool *ret_more,
                   sd_bus_error *error) {
        g_autoptr(GPtrArray) all = job_queues_list(manager->queues);
        uint32_t skipped = 0;
        bool unknown = false;

        *ret_more = false;
        for (guint i = 0; i < all->len; i++) {
                AccessVerdict v;

                if (!queue_matches(all->pdata[i], f))
                        continue;
                v = access_may_view_queue(manager->access, m, all->pdata[i]);
                if (access_verdict_failed(v))
                        return access_fail_list(v, error);
                if (v == ACCESS_UNKNOWN)
                        unknown = true;
                if (v == ACCESS_UNASKED || (v == ACCESS_ALLOWED && page->len == f->limit)) {
                        *ret_more = true;
                        break;
                }
                if (v != ACCESS_ALLOWED)
                        continue;
                if (skipped < f->offset)
                        skipped++;
                else
                        page_add(page, manager, all->pdata[i]);
        }
        return unknown ? -EAGAIN : 0;
}

static int append_queue(sd_bus_message *m, const void *listed) {
        const Listed *l = listed;

        return queue_bus_append_properties(m, l->manager, l->queue);
}

int list_bus_job_queues(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(GPtrArray) page = g_ptr_array_new_with_free_func(g_free);
        QueueFilter f = { .enabled = -1, .limit = LIST_LIMIT_DEFAULT };
        Manager *manager = userdata;
        bool more;
        int r;

        r = bus_options_read(m, filter_table, ELEMENTSOF(filter_table), &f, error);
        if (r >= 0)
                r = list_check_limit(f.limit, error);
        if (r >= 0)
                r = collect(manager, m, &f, page, &more, error);
        if (r == -EAGAIN)
                return access_wait(manager->access, m);
        if (r < 0)
                return r;
        return list_send(m, page, JOBD_QUEUE_PATH, append_queue, offsetof(Listed, id), more);
}
