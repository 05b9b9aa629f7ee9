/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "hash-table.h"
#include "registry.h"
#include "store-job.h"

struct Registry {
        Store *store; /* weak ref */
        GHashTable *by_id; /* owns the jobs */
        GHashTable *by_class_path;
        GHashTable *by_name;
};

static void job_free_func(void *j) {
        (void) job_free(j);
}

static void registry_forget(Registry *r, const Job *j) {
        (void) g_hash_table_remove(r->by_class_path, j->class_path);
        (void) g_hash_table_remove(r->by_name, j->effective.name);
        (void) g_hash_table_remove(r->by_id, j->id);
}

static void registry_remember(Registry *r, Job *j) {
        const Job *old;

        old = g_hash_table_lookup(r->by_id, j->id);
        if (old)
                registry_forget(r, old);
        (void) g_hash_table_insert(r->by_id, j->id, j);
        (void) g_hash_table_insert(r->by_class_path, j->class_path, j);
        (void) g_hash_table_insert(r->by_name, j->effective.name, j);
}

static void registry_clear(Registry *r) {
        g_hash_table_remove_all(r->by_class_path);
        g_hash_table_remove_all(r->by_name);
        g_hash_table_remove_all(r->by_id);
}

int registry_reload(Registry *r) {
        g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(job_free_func);
        int k;

        k = store_job_list(r->store, jobs);
        if (k < 0)
                return k;

        registry_clear(r);
        g_ptr_array_set_free_func(jobs, NULL);
        for (guint i = 0; i < jobs->len; i++)
                registry_remember(r, jobs->pdata[i]);
        return 0;
}

int registry_new(Store *store, Registry **ret) {
        _cleanup_(registry_freep) Registry *r = NULL;
        int k;

        r = g_new0(Registry, 1);
        r->store = store;
        r->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, job_free_func);
        r->by_class_path = g_hash_table_new(g_str_hash, g_str_equal);
        r->by_name = g_hash_table_new(g_str_hash, g_str_equal);
        k = registry_reload(r);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(r);
        return 0;
}

Registry *registry_free(Registry *r) {
        if (!r)
                return NULL;

        g_hash_table_unref(r->by_class_path);
        g_hash_table_unref(r->by_name);
        g_hash_table_unref(r->by_id);
        g_free(r);
        return NULL;
}

const Job *registry_find_by_id(const Registry *r, const char *id) {
        return g_hash_table_lookup(r->by_id, id);
}

const Job *registry_find_by_class_path(const Registry *r, const char *class_path) {
        return g_hash_table_lookup(r->by_class_path, class_path);
}

const Job *registry_find_by_name(const Registry *r, const char *name) {
        return g_hash_table_lookup(r->by_name, name);
}

const Job *registry_find(const Registry *r, const char *reference) {
        char id[UUID_STRING_SIZE];
        const Job *j = NULL;

        if (uuid_parse(reference, id) >= 0)
                j = registry_find_by_id(r, id);
        if (!j)
                j = registry_find_by_class_path(r, reference);
        if (!j)
                j = registry_find_by_name(r, reference);
        return j;
}

static int compare_jobs(const void *a, const void *b) {
        const Job *x = *(const Job *const *) a, *y = *(const Job *const *) b;
        int k;

        k = strcmp(x->effective.grouping, y->effective.grouping);
        return k != 0 ? k : strcmp(x->effective.name, y->effective.name);
}

GPtrArray *registry_list(const Registry *r) {
        GPtrArray *list = hash_table_values(r->by_id);

        g_ptr_array_sort(list, compare_jobs);
        return list;
}

size_t registry_size(const Registry *r) {
        return g_hash_table_size(r->by_id);
}

int registry_put(Registry *r, Job *job) {
        int k;

        k = store_job_put(r->store, job);
        if (k < 0) {
                (void) job_free(job);
                return k;
        }
        registry_remember(r, job);
        return 0;
}

int registry_put_all(Registry *r, GPtrArray *jobs) {
        int k;

        k = store_nested_begin(r->store);
        if (k >= 0) {
                for (guint i = 0; i < jobs->len && k >= 0; i++)
                        k = store_job_put(r->store, jobs->pdata[i]);
                k = store_nested_end(r->store, k);
        }

        for (guint i = 0; i < jobs->len; i++)
                if (k >= 0)
                        registry_remember(r, jobs->pdata[i]);
                else
                        (void) job_free(jobs->pdata[i]);
        g_ptr_array_set_free_func(jobs, NULL);
        g_ptr_array_set_size(jobs, 0);
        return k;
}

int registry_delete(Registry *r, const char *id) {
        const Job *j;
        int k;

        k = store_job_delete(r->store, id);
        if (k < 0)
                return k;
        j = registry_find_by_id(r, id);
        if (j)
                registry_forget(r, j);
        return 0;
}
