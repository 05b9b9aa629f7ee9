/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "announcer.h"
#include "inventory.h"
#include "job-bus.h"
#include "log.h"
#include "manager-refresh.h"
#include "manager-schedules.h"
#include "message-ids.h"
#include "names.h"
#include "now.h"
#include "queue-bus.h"
#include "refresh.h"

/* ---- the queues that jobs name ---- */

static int ensure_queues(Manager *m, const Job *job, const char *caller) {
        int r = 0;

        for (char **q = job->effective.task_queues; q && *q && r >= 0; q++)
                r = manager_ensure_queue(m, *q, caller);
        return r;
}

static void log_missing_queues(int r) {
        (void) log_error_errno(r, "Cannot make all job queues that jobs name, ignoring: %m");
}

void manager_make_queues_of(Manager *m, const Job *job, const char *caller) {
        int r;

        r = ensure_queues(m, job, caller);
        if (r < 0)
                log_missing_queues(r);
}

void manager_make_queues(Manager *m, const char *caller) {
        g_autoptr(GPtrArray) jobs = registry_list(m->registry);
        int r;

        r = manager_ensure_queue(m, m->settings->default_queue, caller);
        for (guint i = 0; i < jobs->len && r >= 0; i++)
                r = ensure_queues(m, jobs->pdata[i], caller);
        if (r < 0)
                log_missing_queues(r);
}

/* ---- the report ---- */

static void log_report(const GPtrArray *report, const char *caller) {
        g_autofree char *caller_field = g_strdup_printf("JOB_CALLER=%s", caller);
        const char *done_fields[] = { caller_field, NULL };
        unsigned n_refused = 0;

        for (guint i = 0; i < report->len; i++) {
                const RefreshEntry *e = report->pdata[i];
                g_autofree char *field = g_strdup_printf("JOB_CLASS_PATH=%s", e->class_path);
                const char *fields[] = { e->class_path[0] ? field : NULL, NULL };

                if (strcmp(e->action, "refused") == 0) {
                        n_refused++;
                        log_event(LOG_WARNING, JOBD_MESSAGE_CLASS_REFUSED_STR, fields, "%s: %s",
                                  e->class_path[0] ? "Refused a job class" : "Refused", e->message);
                } else
                        log_event(strcmp(e->action, "warning") == 0 ? LOG_WARNING : LOG_INFO, NULL, fields,
                                  "Job %s %s: %s", e->class_path, e->action, e->message);
        }
        log_event(LOG_INFO, JOBD_MESSAGE_REFRESH_DONE_STR, done_fields,
                  "%s refreshed the registry: %u class%s refused, %u line%s in the report", caller, n_refused,
                  n_refused == 1 ? "" : "es", report->len, report->len == 1 ? "" : "s");
}

/* What is wrong with a class is in each report as long as it is wrong. */
static bool is_told(const GPtrArray *report, const RefreshEntry *e) {
        if (strcmp(e->action, "warning") != 0)
                return strcmp(e->action, "refused") == 0;
        for (guint i = 0; i < report->len; i++) {
                const RefreshEntry *other = report->pdata[i];

                if (strcmp(other->class_path, e->class_path) == 0 && strcmp(other->message, e->message) == 0)
                        return true;
        }
        return false;
}

/* Who installs jobd and then refreshes wants to read that a job was created, not that nothing has changed. */
static void prepend_first_report(Manager *m, GPtrArray *report) {
        g_autoptr(GPtrArray) first = TAKE_PTR(m->first_report);

        for (guint i = first ? first->len : 0; i-- > 0;)
                if (!is_told(report, first->pdata[i]))
                        g_ptr_array_insert(report, 0, g_ptr_array_steal_index(first, i));
}

/* A file of the inventory that cannot be used is told of like a class that was refused. */
static void report_inventory(Manager *m, GPtrArray *report) {
        g_autoptr(GPtrArray) problems = inventory_problems(m->inventory);

        for (guint i = 0; i < problems->len; i++) {
                RefreshEntry *e = g_new(RefreshEntry, 1);

                *e = (RefreshEntry){ "refused", g_strdup(""), g_strdup(problems->pdata[i]) };
                g_ptr_array_add(report, e);
        }
}

/* ---- what is told ---- */

/* What a refresh has done, for the log, and the jobs that it has made or changed, for the signals. */
typedef struct Refreshed {
        Manager *manager;
        char *caller;
        GPtrArray *report;
        GPtrArray *made, *changed; /* ids */
} Refreshed;

static void *copy_entry(const void *p, void *userdata) {
        const RefreshEntry *e = p;
        RefreshEntry *copy = g_new(RefreshEntry, 1);

        *copy = (RefreshEntry){ e->action, g_strdup(e->class_path), g_strdup(e->message) };
        return copy;
}

static Refreshed *refreshed_new(Manager *m, GPtrArray *report, const char *caller) {
        Refreshed *f = g_new(Refreshed, 1);

        *f = (Refreshed){
                .manager = m,
                .caller = g_strdup(caller),
                .report = g_ptr_array_copy(report, copy_entry, NULL),
                .made = g_ptr_array_new_with_free_func(g_free),
                .changed = g_ptr_array_new_with_free_func(g_free),
        };
        for (guint i = 0; i < report->len; i++) {
                const RefreshEntry *e = report->pdata[i];
                const Job *job = registry_find_by_class_path(m->registry, e->class_path);

                if (!job)
                        continue;
                if (strcmp(e->action, "created") == 0)
                        g_ptr_array_add(f->made, g_strdup(job->id));
                else if (strcmp(e->action, "updated") == 0 || strcmp(e->action, "uninstalled") == 0)
                        g_ptr_array_add(f->changed, g_strdup(job->id));
        }
        return f;
}

static void refreshed_free(Refreshed *f) {
        g_free(f->caller);
        g_ptr_array_unref(f->report);
        g_ptr_array_unref(f->made);
        g_ptr_array_unref(f->changed);
        g_free(f);
}

static void announce(const Refreshed *f) {
        Announcer *a = f->manager->announcer;

        if (!a)
                return;
        dispatcher_jobs_changed(f->manager->dispatcher);
        for (guint i = 0; i < f->made->len; i++)
                announcer_signal(a, "JobNew", JOBD_JOB_PATH, f->made->pdata[i]);
        for (guint i = 0; i < f->changed->len; i++)
                announcer_changed(a, JOBD_JOB_PATH, f->changed->pdata[i], JOBD_JOB_INTERFACE,
                                  job_bus_changing_properties);
        announcer_signal(a, "Refreshed", NULL, NULL);
}

static void on_refresh_committed(int r, void *userdata) {
        Refreshed *f = userdata;

        if (r >= 0) {
                log_report(f->report, f->caller);
                announce(f);
        }
        refreshed_free(f);
}

/* ---- refresh ---- */

static int stop_uninstalled(Manager *m, const GPtrArray *report, Refusal *refusal) {
        int r = 0;

        for (guint i = 0; i < report->len && r >= 0; i++) {
                const RefreshEntry *e = report->pdata[i];
                const Job *job = strcmp(e->action, "uninstalled") == 0
                                                 ? registry_find_by_class_path(m->registry, e->class_path)
                                                 : NULL;

                if (job)
                        r = manager_stop_schedules(m, job, false, refusal);
        }
        return r;
}

int manager_refresh(Manager *m, const char *caller, GPtrArray **ret_report, Refusal *refusal) {
        g_autoptr(GPtrArray) report = NULL;
        int r;

        r = refresh_registry(m->registry, m->loader, m->roots, now_usec(), &report);
        if (r < 0)
                return refuse_store(refusal, r, store_has_batch(m->store) ? store_error_text(m->store) : g_strerror(-r));
        report_inventory(m, report);
        r = stop_uninstalled(m, report, refusal);
        if (r < 0)
                return r;
        store_after_commit(m->store, on_refresh_committed, refreshed_new(m, report, caller));
        manager_make_queues(m, caller);
        prepend_first_report(m, report);
        *ret_report = TAKE_PTR(report);
        return 0;
}
