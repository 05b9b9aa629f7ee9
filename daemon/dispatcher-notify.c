/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dispatcher-internal.h"

/* NotifyOnSuccess= and its like: a unit of the administrator's is told the UUID of what has happened. */

static char *unit_of_class(Dispatcher *d, NotifyEvent event, const char *class_path) {
        const RunContext *c = &d->context.run;
        _cleanup_(job_class_freep) JobClass *class = NULL;
        g_autofree char *error = NULL;

        /* Without the class there is still what jobd.conf says. */
        if (c->loader->load(c->roots, class_path, &class, &error) < 0)
                return NULL;
        return g_strdup(class->notify_units[event]);
}

static void notify(Dispatcher *d, NotifyEvent event, const char *unit_of_its_class, const char *id) {
        const char *unit = unit_of_its_class ?: d->context.run.settings->notify_units[event];
        g_autofree char *instance = unit ? notify_unit_instance(unit, id) : NULL;

        if (instance)
                unit_start_other(d->units, instance);
}

void dispatcher_notify(Dispatcher *d, NotifyEvent event, const char *class_path, const char *id) {
        g_autofree char *unit = unit_of_class(d, event, class_path);

        notify(d, event, unit, id);
}

static NotifyEvent event_of(const JobResult *jr) {
        return jr->status == JOB_RESULT_SUCCESS ? NOTIFY_ON_SUCCESS : NOTIFY_ON_FAILURE;
}

void dispatcher_notify_result(Dispatcher *d, const JobResult *jr) {
        dispatcher_notify(d, event_of(jr), jr->class_path, jr->id);
}

/* So that the class need not be read again when the run ends, which is paid for by every run. */
void run_remember_notify_units(Run *run) {
        for (NotifyEvent e = 0; e < _NOTIFY_EVENT_MAX; e++) {
                g_free(run->notify_units[e]);
                run->notify_units[e] = g_strdup(run->class->notify_units[e]);
        }
        run->knows_notify_units = true;
}

void run_notify(Run *run) {
        NotifyEvent event = event_of(run->result);

        if (run->result->retried_by[0]) /* it is not over */
                return;
        if (run->knows_notify_units)
                notify(run->dispatcher, event, run->notify_units[event], run->result->id);
        else
                dispatcher_notify_result(run->dispatcher, run->result);
}
