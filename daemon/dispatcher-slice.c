/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dispatcher-internal.h"
#include "job-queues.h"
#include "log.h"
#include "unit-property.h"

/*
 * The resource properties of a queue are its slice's. systemd keeps them for this boot; which it may have is in the
 * store before it is told, so that what a queue no longer has is taken back whoever was killed in between.
 */

/* A copy of the queue as its slice is to be told; NULL: there is nothing to tell, or it makes no sense. */
static JobQueue *copy_for_slice(Dispatcher *d, const char *name, GPtrArray **ret_properties, bool *ret_changed) {
        const JobQueue *q = job_queues_find_by_name(d->context.queues, name);
        _cleanup_(job_queue_freep) JobQueue *copy = NULL;
        g_autoptr(GPtrArray) properties = NULL;
        g_autofree char *error = NULL;
        int r;

        if (!q)
                return NULL;
        copy = job_queue_copy(q);
        r = job_queue_slice_properties(copy, d->boot_id, &properties, &error);
        if (r < 0) {
                log_error("Cannot make the properties of the slice of job queue %s: %s", name, error);
                return NULL;
        }
        if (properties->len == 0)
                return NULL;
        *ret_properties = TAKE_PTR(properties);
        *ret_changed = r > 0;
        return TAKE_PTR(copy);
}

void dispatcher_note_slice(Dispatcher *d, const char *queue) {
        _cleanup_(job_queue_freep) JobQueue *copy = NULL;
        g_autoptr(GPtrArray) properties = NULL;
        bool changed;

        if (g_hash_table_contains(d->slices, queue))
                return;
        copy = copy_for_slice(d, queue, &properties, &changed);
        if (copy && changed && job_queues_put(d->context.queues, TAKE_PTR(copy)) < 0)
                log_error("Cannot store what the slice of job queue %s has: %s", queue,
                          store_error_text(d->context.store));
}

void dispatcher_set_slice(Dispatcher *d, const char *queue) {
        _cleanup_(job_queue_freep) JobQueue *copy = NULL;
        g_autoptr(GPtrArray) properties = NULL;
        g_autofree char *slice = NULL;
        bool changed;
        int r;

        if (!g_hash_table_add(d->slices, g_strdup(queue)))
                return;
        copy = copy_for_slice(d, queue, &properties, &changed);
        if (!copy)
                return;
        slice = job_queue_slice(queue);
        r = unit_set_properties(d->units, slice, properties);
        if (r < 0)
                (void) log_error_errno(r, "Cannot set the properties of %s: %m", slice);
}

int dispatcher_prepare_queue(const Dispatcher *d, JobQueue *q, char **ret_error) {
        g_autoptr(GPtrArray) properties = NULL;
        int r;

        r = job_queue_slice_properties(q, d->boot_id, &properties, ret_error);
        return r < 0 ? r : 0;
}
