/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inventory.h"
#include "log.h"
#include "manager-store.h"
#include "message-ids.h"
#include "store-clock.h"

/* A batch is committed when the loop has nothing else to do, so that all that arrived together shares one fsync. */
#define COMMIT_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 2)

static int on_commit(sd_event_source *source, void *userdata) {
        Manager *m = userdata;

        (void) store_commit(m->store);
        return 0;
}

static void on_batch_opened(Store *store, void *userdata) {
        Manager *m = userdata;

        (void) sd_event_source_set_enabled(m->commit_source, SD_EVENT_ONESHOT);
}

static void on_batch_lost(int error, void *userdata) {
        Manager *m = userdata;
        int r;

        log_event(LOG_ERR, JOBD_MESSAGE_STORE_FAILED_STR, NULL, "Cannot store changes, refusing the requests: %s",
                  store_error_text(m->store));
        inventory_forget(m->inventory);
        r = registry_reload(m->registry);
        if (r < 0)
                (void) log_error_errno(r, "Cannot read the registry again: %s", store_error_text(m->store));
        r = job_queues_reload(m->queues);
        if (r < 0)
                (void) log_error_errno(r, "Cannot read the job queues again: %s", store_error_text(m->store));
}

int manager_open_store(Manager *m, const char *state_directory, bool *ret_migrated, char **ret_problem) {
        g_autofree char *path = g_build_filename(state_directory, "jobd.db", NULL);
        int r;

        m->state_directory = state_directory;
        m->store_written_usec = store_written_usec(path);
        r = store_open(path, &m->store, ret_migrated, ret_problem);
        if (r < 0) {
                log_event(LOG_CRIT, JOBD_MESSAGE_STORE_FAILED_STR, NULL, "%s", *ret_problem);
                return r;
        }
        r = sd_event_add_defer(m->event, &m->commit_source, on_commit, m);
        if (r >= 0)
                r = sd_event_source_set_priority(m->commit_source, COMMIT_PRIORITY);
        if (r >= 0)
                r = sd_event_source_set_enabled(m->commit_source, SD_EVENT_OFF);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the event loop: %m");
        store_set_batch_opened(m->store, on_batch_opened, m);
        store_set_batch_lost(m->store, on_batch_lost, m);

        r = registry_new(m->store, &m->registry);
        if (r >= 0)
                r = job_queues_new(m->store, &m->queues);
        if (r < 0) {
                *ret_problem = g_strdup_printf("cannot read the registry from the database %s: %s", path,
                                               store_error_text(m->store));
                log_event(LOG_CRIT, JOBD_MESSAGE_STORE_FAILED_STR, NULL, "%s", *ret_problem);
        }
        return r;
}
