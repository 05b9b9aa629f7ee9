/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hash-table.h"
#include "job-queues.h"
#include "store-queue.h"

struct JobQueues {
        Store *store;        /* weak ref */
        GHashTable *by_id;   /* owns the queues */
        GHashTable *by_name;
};

static void queue_free_func(void *q) {
        (void) job_queue_free(q);
}

static void forget(JobQueues *q, const JobQueue *queue) {
        (void) g_hash_table_remove(q->by_name, queue->name);
        (void) g_hash_table_remove(q->by_id, queue->id);
}

static void remember(JobQueues *q, JobQueue *queue) {
        const JobQueue *old = g_hash_table_lookup(q->by_id, queue->id);

        if (old)
                forget(q, old);
        (void) g_hash_table_insert(q->by_id, queue->id, queue);
        (void) g_hash_table_insert(q->by_name, queue->name, queue);
}

int job_queues_reload(JobQueues *q) {
        g_autoptr(GPtrArray) queues = g_ptr_array_new_with_free_func(queue_free_func);
        int r;

        r = store_queue_list(q->store, queues);
        if (r < 0)
                return r;
        g_hash_table_remove_all(q->by_name);
        g_hash_table_remove_all(q->by_id);
        g_ptr_array_set_free_func(queues, NULL);
        for (guint i = 0; i < queues->len; i++)
                remember(q, queues->pdata[i]);
        return 0;
}

int job_queues_new(Store *store, JobQueues **ret) {
        _cleanup_(job_queues_freep) JobQueues *q = NULL;
        int r;

        q = g_new0(JobQueues, 1);
        q->store = store;
        q->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, queue_free_func);
        q->by_name = g_hash_table_new(g_str_hash, g_str_equal);
        r = job_queues_reload(q);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(q);
        return 0;
}

JobQueues *job_queues_free(JobQueues *q) {
        if (!q)
                return NULL;
        g_hash_table_unref(q->by_name);
        g_hash_table_unref(q->by_id);
        g_free(q);
        return NULL;
}

const JobQueue *job_queues_find_by_id(const JobQueues *q, const char *id) {
        return g_hash_table_lookup(q->by_id, id);
}

const JobQueue *job_queues_find_by_name(const JobQueues *q, const char *name) {
        return g_hash_table_lookup(q->by_name, name);
}

const JobQueue *job_queues_find(const JobQueues *q, const char *reference) {
        const JobQueue *queue = NULL;
        char id[UUID_STRING_SIZE];

        if (uuid_parse(reference, id) >= 0)
                queue = job_queues_find_by_id(q, id);
        return queue ?: job_queues_find_by_name(q, reference);
}

static int compare_names(const void *a, const void *b) {
        return strcmp((*(const JobQueue *const *) a)->name, (*(const JobQueue *const *) b)->name);
}

GPtrArray *job_queues_list(const JobQueues *q) {
        GPtrArray *list = hash_table_values(q->by_id);

        g_ptr_array_sort(list, compare_names);
        return list;
}

size_t job_queues_size(const JobQueues *q) {
        return g_hash_table_size(q->by_id);
}

int job_queues_put(JobQueues *q, JobQueue *queue) {
        int r;

        r = store_queue_put(q->store, queue);
        if (r < 0) {
                (void) job_queue_free(queue);
                return r;
        }
        remember(q, queue);
        return 0;
}

int job_queues_delete(JobQueues *q, const char *id) {
        const JobQueue *queue;
        int r;

        r = store_queue_delete(q->store, id);
        if (r < 0)
                return r;
        queue = job_queues_find_by_id(q, id);
        if (queue)
                forget(q, queue);
        return 0;
}

int job_queues_ensure(JobQueues *q, const char *name, uint64_t now_usec) {
        int r;

        if (job_queues_find_by_name(q, name))
                return 0;
        if (job_queues_size(q) >= JOB_QUEUES_MAX)
                return -E2BIG;
        r = job_queues_put(q, job_queue_new(name, now_usec));
        return r < 0 ? r : 1;
}
