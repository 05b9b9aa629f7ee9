/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "approval-stage.h"
#include "chain.h"
#include "refresh.h"

typedef struct Refresh {
        Registry *registry;
        uint64_t now_usec;
        GPtrArray *changed; /* of Job, to be put */
        GHashTable *names;  /* effective name -> class_path, of all jobs as they will be */
        GPtrArray *report;
} Refresh;

RefreshEntry *refresh_entry_free(RefreshEntry *e) {
        if (!e)
                return NULL;
        g_free(e->class_path);
        g_free(e->message);
        g_free(e);
        return NULL;
}

static void refresh_entry_free_func(void *e) {
        (void) refresh_entry_free(e);
}

static void report(Refresh *f, const char *action, const char *class_path, char *message) {
        RefreshEntry *e;

        e = g_new(RefreshEntry, 1);
        e->action = action;
        e->class_path = g_strdup(class_path ?: "");
        e->message = message;
        g_ptr_array_add(f->report, e);
}

/* "Name" and 2 give "Name (2)"; the base is cut so that the whole has at most JOB_NAME_MAX characters. */
static char *name_with_suffix(const char *base, unsigned n) {
        g_autofree char *suffix = g_strdup_printf(" (%u)", n);
        g_autofree char *cut = NULL;
        glong room = JOB_NAME_MAX - (glong) strlen(suffix);

        cut = g_utf8_strlen(base, -1) > room ? g_utf8_substring(base, 0, room) : g_strdup(base);
        return g_strconcat(cut, suffix, NULL);
}

/*
 * Reference, row R3: a name that another job has gets " (2)", " (3)", ... and becomes an override, so that the job keeps
 * it when the other one goes.
 */
static int make_name_unique(Refresh *f, Job *j) {
        g_autofree char *wanted = g_strdup(j->effective.name);
        const char *owner;

        owner = g_hash_table_lookup(f->names, wanted);
        if (!owner || strcmp(owner, j->class_path) == 0)
                return 0;

        for (unsigned n = 2;; n++) {
                g_autofree char *name = name_with_suffix(wanted, n);
                g_autofree char *error = NULL;
                int r;

                owner = g_hash_table_lookup(f->names, name);
                if (owner && strcmp(owner, j->class_path) != 0)
                        continue;
                r = job_set_override(j, JOB_FIELD_NAME, name, &error);
                if (r < 0)
                        return r;
                report(f, "warning", j->class_path,
                       g_strdup_printf("Job class \"%s\" name \"%s\" is not unique, changing to \"%s\".",
                                       j->job_class_name, wanted, name));
                return 0;
        }
}

static void claim_name(Refresh *f, const Job *j, const Job *old) {
        if (old && strcmp(old->effective.name, j->effective.name) != 0) {
                const char *owner = g_hash_table_lookup(f->names, old->effective.name);

                if (owner && strcmp(owner, old->class_path) == 0)
                        (void) g_hash_table_remove(f->names, old->effective.name);
        }
        (void) g_hash_table_replace(f->names, g_strdup(j->effective.name), g_strdup(j->class_path));
}

/* "time_limit, grouping": which class values differ, for the report. */
static char *describe_changes(const Job *old, const Job *new) {
        g_autoptr(GPtrArray) parts = g_ptr_array_new();

        if (!old->installed)
                return g_strdup(new->enabled ? "installed again, still enabled" : "installed again");
        for (JobField k = 0; k < _JOB_FIELD_MAX; k++)
                if (!job_field_equal(&old->class_values, &new->class_values, k))
                        g_ptr_array_add(parts, (void *) job_field_to_string(k));
        if (strcmp(old->file, new->file) != 0)
                g_ptr_array_add(parts, (void *) "file");
        if (parts->len == 0)
                return g_strdup("the class has changed");
        g_ptr_array_add(parts, NULL);
        return g_strjoinv(", ", (char **) parts->pdata);
}

/* Who asks for a run would wait in vain. */
static void check_stages(Refresh *f, const Job *j, const JobClass *c) {
        for (guint i = 0; j->effective.approval_required && c->approval_stages && i < c->approval_stages->len; i++) {
                const ApprovalStage *s = c->approval_stages->pdata[i];
                g_autofree char *lack = approval_stage_describe_lack(c->approval_stages, i);

                if (lack)
                        report(f, "warning", c->class_path,
                               g_strdup_printf("ApprovalStages=: the stage '%s' cannot be completed: %s", s->name,
                                               lack));
        }
}

static int refresh_class(Refresh *f, const JobClass *c) {
        _cleanup_(job_freep) Job *j = NULL;
        const Job *old;
        int r;

        for (guint i = 0; i < c->warnings->len; i++)
                report(f, "warning", c->class_path, g_strdup(c->warnings->pdata[i]));

        old = registry_find_by_class_path(f->registry, c->class_path);
        j = old ? job_copy(old) : job_new(c->module_name, c->job_class_name);
        job_apply_class(j, c);
        r = make_name_unique(f, j);
        if (r < 0)
                return r;
        claim_name(f, j, old);
        if (job_has_sensitive_conflict(j))
                report(f, "warning", c->class_path,
                       g_strdup("the job has sensitive variables and requires approval: it cannot be run until one of "
                                "the two is overridden"));
        check_stages(f, j, c);

        if (!old) {
                j->enabled = j->system;
                j->date_created = j->last_updated = f->now_usec;
                report(f, "created", c->class_path,
                       j->enabled ? g_strdup("enabled (a system job)")
                                  : g_strdup_printf("not enabled: run \"jobctl enable %s\" after reviewing it",
                                                    c->class_path));
        } else if (job_equal(old, j))
                return 0;
        else {
                j->last_updated = f->now_usec;
                report(f, "updated", c->class_path, describe_changes(old, j));
        }
        g_ptr_array_add(f->changed, TAKE_PTR(j));
        return 0;
}

static void refresh_vanished(Refresh *f, GHashTable *present, GHashTable *refused) {
        g_autoptr(GPtrArray) jobs = registry_list(f->registry);

        for (guint i = 0; i < jobs->len; i++) {
                const Job *old = jobs->pdata[i];
                Job *j;

                if (!old->installed || g_hash_table_contains(present, old->class_path))
                        continue;
                j = job_copy(old);
                j->installed = false;
                j->last_updated = f->now_usec;
                g_ptr_array_add(f->changed, j);
                report(f, "uninstalled", j->class_path,
                       g_strdup(g_hash_table_contains(refused, j->class_path)
                                                ? "its class was refused: kept, but cannot be run until it is repaired"
                                                : "no longer installed: kept, but cannot be run"));
        }
}

static int compare_classes(const void *a, const void *b) {
        const JobClass *x = *(const JobClass *const *) a, *y = *(const JobClass *const *) b;

        return strcmp(x->class_path, y->class_path);
}

static void refuse_loop(GPtrArray *errors, const JobClass *c, const char *loop) {
        JobClassError *e;

        e = g_new(JobClassError, 1);
        e->class_path = g_strdup(c->class_path);
        e->message = g_strdup_printf("%s: the jobs that OnSuccess= and OnFailure= start lead back to this one (%s): a chain "
                                     "must end",
                                     c->path, loop);
        g_ptr_array_add(errors, e);
}

/* Takes the classes whose chain comes back to them out, and says so of jobs that follow and are not there. */
static void check_chains(Refresh *f, GPtrArray *classes, GPtrArray *errors) {
        g_autoptr(GHashTable) by_path = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GHashTable) looping = g_hash_table_new(NULL, NULL);

        for (guint i = 0; i < classes->len; i++)
                (void) g_hash_table_insert(by_path, ((JobClass *) classes->pdata[i])->class_path, classes->pdata[i]);
        for (guint i = 0; i < classes->len; i++) {
                const JobClass *c = classes->pdata[i];
                g_autofree char *loop = chain_find_loop(by_path, c);

                if (loop) {
                        refuse_loop(errors, c, loop);
                        (void) g_hash_table_add(looping, (void *) c);
                }
                for (guint j = 0; j < c->chain->len && !loop; j++) {
                        const ChainLink *l = c->chain->pdata[j];

                        if (!g_hash_table_contains(by_path, l->class_path))
                                report(f, "warning", c->class_path,
                                       g_strdup_printf("%s=%s: there is no such job class", chain_event_to_key(l->event),
                                                       l->class_path));
                }
        }
        for (guint i = classes->len; i > 0; i--)
                if (g_hash_table_contains(looping, classes->pdata[i - 1]))
                        (void) g_ptr_array_remove_index(classes, i - 1);
}

static int refresh_apply(Refresh *f, GPtrArray *classes, GPtrArray *errors) {
        g_autoptr(GHashTable) present = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GHashTable) refused = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(GPtrArray) jobs = registry_list(f->registry);
        int r;

        for (guint i = 0; i < jobs->len; i++)
                claim_name(f, jobs->pdata[i], NULL);

        /* In a fixed order, so that the same files give the same names whatever readdir() says. */
        g_ptr_array_sort(classes, compare_classes);
        check_chains(f, classes, errors);
        for (guint i = 0; i < classes->len; i++) {
                const JobClass *c = classes->pdata[i];

                (void) g_hash_table_add(present, c->class_path);
                r = refresh_class(f, c);
                if (r < 0)
                        return r;
        }
        for (guint i = 0; i < errors->len; i++) {
                const JobClassError *e = errors->pdata[i];

                if (e->class_path)
                        (void) g_hash_table_add(refused, e->class_path);
                report(f, "refused", e->class_path, g_strdup(e->message));
        }
        refresh_vanished(f, present, refused);
        return registry_put_all(f->registry, f->changed);
}

static void job_free_func(void *j) {
        (void) job_free(j);
}

static void job_class_free_func(void *c) {
        (void) job_class_free(c);
}

static void job_class_error_free_func(void *e) {
        (void) job_class_error_free(e);
}

int refresh_registry(Registry *registry, const JobClassLoader *loader, const char *const *roots, uint64_t now_usec,
                     GPtrArray **ret_report) {
        g_autoptr(GPtrArray) classes = g_ptr_array_new_with_free_func(job_class_free_func);
        g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(job_class_error_free_func);
        g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(refresh_entry_free_func);
        g_autoptr(GPtrArray) changed = g_ptr_array_new_with_free_func(job_free_func);
        g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        Refresh f = { registry, now_usec, changed, names, entries };
        int r;

        r = loader->load_all(roots, classes, errors);
        if (r < 0)
                return r;
        r = refresh_apply(&f, classes, errors);
        if (r < 0)
                return r;
        *ret_report = TAKE_PTR(entries);
        return 0;
}
