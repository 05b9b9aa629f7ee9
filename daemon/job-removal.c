/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "job-removal.h"
#include "log.h"
#include "store-job.h"

struct JobRemoval {
        Store *store; /* weak ref */
        sd_event_source *source;
        bool busy;
};

static void arm(JobRemoval *removal) {
        int r;

        r = sd_event_source_set_enabled(removal->source, SD_EVENT_ONESHOT);
        removal->busy = r >= 0;
}

static void on_committed(int r, void *userdata) {
        JobRemoval *removal = userdata;

        if (r >= 0)
                arm(removal);
        else /* which is told of where batches are lost; the next deletion, or start, goes on */
                removal->busy = false;
}

static int on_step(sd_event_source *source, void *userdata) {
        JobRemoval *removal = userdata;
        int r;

        r = store_job_detach(removal->store);
        if (r > 0) {
                store_after_commit(removal->store, on_committed, removal);
                return 0;
        }
        if (r < 0)
                (void) log_error_errno(r, "Cannot take job results off a job that was deleted: %s",
                                       store_error_text(removal->store));
        removal->busy = false;
        return 0;
}

void job_removal_look(JobRemoval *r) {
        if (!r->busy)
                arm(r);
}

bool job_removal_is_idle(const JobRemoval *r) {
        return !r->busy;
}

int job_removal_new(sd_event *event, Store *store, JobRemoval **ret) {
        _cleanup_(job_removal_freep) JobRemoval *removal = g_new0(JobRemoval, 1);
        int r;

        removal->store = store;
        removal->busy = true;
        r = sd_event_add_defer(event, &removal->source, on_step, removal);
        /* After everything else: whoever wants something goes first. */
        if (r >= 0)
                r = sd_event_source_set_priority(removal->source, SD_EVENT_PRIORITY_IDLE);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(removal);
        return 0;
}

JobRemoval *job_removal_free(JobRemoval *r) {
        if (!r)
                return NULL;
        (void) sd_event_source_disable_unref(r->source);
        g_free(r);
        return NULL;
}
