/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus-error.h"
#include "cleaner.h"
#include "log.h"
#include "now.h"
#include "store-clean.h"
#include "store-result.h"
#include "store-schedule.h"

enum {
        ROWS_PER_STEP = 100, /* some milliseconds, with all that a deletion touches */
        JOBS_PER_STEP = 20,  /* of each the class may have to be read */
};

typedef struct Clean {
        CleanOptions options;
        uint64_t now_usec;
        GPtrArray *job_ids; /* of char*, owned; NULL: those of deleted jobs */
        guint next_job;
        CleanCounts counts;
        CleanDone done;
        void *userdata;

        /* the job whose results are looked at, unless is_between */
        bool is_between;
        bool at_schedules; /* its results are done, its scheduled jobs follow */
        const char *job_id;
        uint64_t created_before, done_before; /* 0: none is too old */
        int64_t below_seq;                    /* those below are too many; 0: none are */
        int64_t seq;

        /* the step that is on its way to the disk */
        GPtrArray *deleted;           /* of char*: ids */
        GPtrArray *deleted_schedules; /* the same of scheduled jobs */
        uint64_t n_outputs;
        Refusal problem; /* why there are no further ones; empty: there may be */
} Clean;

struct Cleaner {
        CleanerContext context;
        Clean *clean;
        sd_event_source *step_source;
        bool committing; /* a callback of the store comes */
        bool stopping;   /* when the step that is on its way is done */
};

static Clean *clean_free(Clean *clean) {
        if (!clean)
                return NULL;
        g_ptr_array_unref(clean->job_ids);
        g_ptr_array_unref(clean->deleted);
        g_ptr_array_unref(clean->deleted_schedules);
        refusal_done(&clean->problem);
        g_free(clean);
        return NULL;
}

static void cleaner_end(Cleaner *c, Refusal *refusal) {
        Clean *clean = TAKE_PTR(c->clean);

        c->step_source = sd_event_source_disable_unref(c->step_source);
        clean->done(&clean->counts, refusal, clean->userdata);
        (void) clean_free(clean);
}

static void refuse_rest(const Cleaner *c, int error, Refusal *f) {
        (void) refuse(f, error, error == -ENOSPC ? BUS_ERROR_STORE_FULL : BUS_ERROR_STORE_FAILED,
                      "jobd cannot clean up any more: what was deleted until now is gone, clean up again for the rest: %s",
                      store_error_text(c->context.store));
}

static void cleaner_fail(Cleaner *c, int error) {
        _cleanup_(refusal_done) Refusal f = {};

        refuse_rest(c, error, &f);
        cleaner_end(c, &f);
}

/* ---- what is to go ---- */

/* What the class says of its results, as it is on the disk: SETTING where it says nothing or cannot be read. */
static void read_class(Cleaner *c, const Job *job, uint64_t *ret_age, uint64_t *ret_count) {
        _cleanup_(job_class_freep) JobClass *class = NULL;
        g_autofree char *problem = NULL;

        *ret_age = *ret_count = RESULT_MAX_UNSET;
        if (!job || !job->installed ||
            c->context.loader->load(c->context.roots, job->class_path, &class, &problem) < 0)
                return;
        *ret_age = class->result_max_age_usec;
        *ret_count = class->result_max_count;
}

/* 1: the job has results to look at, 0: all of them stay. */
static int begin_job(Cleaner *c, const char *job_id) {
        const Job *job = job_id ? registry_find_by_id(c->context.registry, job_id) : NULL;
        const Settings *settings = c->context.settings;
        uint64_t class_age = RESULT_MAX_UNSET, class_count = RESULT_MAX_UNSET, age, count;
        Clean *clean = c->clean;

        if (clean->options.max_age_usec == RESULT_MAX_UNSET || clean->options.max_count == RESULT_MAX_UNSET)
                read_class(c, job, &class_age, &class_count);
        age = class_age != RESULT_MAX_UNSET ? class_age : settings->result_max_age_usec;
        count = class_count != RESULT_MAX_UNSET ? class_count : settings->result_max_count;

        clean->job_id = job_id;
        clean->seq = clean->below_seq = 0;
        clean->at_schedules = false;
        clean->done_before = age > 0 && age < clean->now_usec ? clean->now_usec - age : 0;
        if (clean->options.max_age_usec != RESULT_MAX_UNSET) /* 0: whatever has ended */
                clean->done_before = clean->options.max_age_usec < clean->now_usec
                                             ? clean->now_usec - clean->options.max_age_usec
                                             : 0;
        if (clean->options.max_count != RESULT_MAX_UNSET)
                count = clean->options.max_count;
        if (job_id && count > 0) {
                int r = store_clean_threshold(c->context.store, job_id, count, &clean->below_seq);

                if (r < 0)
                        return r;
        }
        return clean->done_before > 0 || clean->below_seq > 0;
}

static int delete_row(Cleaner *c, const CleanRow *row) {
        Clean *clean = c->clean;
        int r;

        if (clean->options.dry_run) {
                clean->counts.job_results++;
                clean->counts.output_files += row->n_outputs;
                return 0;
        }
        r = store_result_delete(c->context.store, row->id);
        if (r < 0)
                return r;
        g_ptr_array_add(clean->deleted, g_strdup(row->id));
        clean->n_outputs += row->n_outputs;
        return 0;
}

/* Looks at some results of the job. Returns how many, 0 when no further ones can be due, or negative errno. */
static int step_job(Cleaner *c, unsigned n_rows) {
        CleanRow rows[ROWS_PER_STEP];
        Clean *clean = c->clean;
        int n, r;

        n = store_clean_list(c->context.store, clean->job_id, clean->seq, rows, n_rows);
        for (int i = 0; i < n; i++) {
                const CleanRow *row = &rows[i];
                bool surplus = row->seq < clean->below_seq;

                /* In the order of their creation: what comes is younger still, and ends later than it begins. */
                if (!surplus && row->date_created >= clean->done_before)
                        return 0;
                clean->seq = row->seq;
                if (!row->ended || row->is_needed || (!surplus && row->date_done >= clean->done_before))
                        continue;
                r = delete_row(c, row);
                if (r < 0)
                        return r;
        }
        return n;
}

static int delete_schedule(Cleaner *c, const char *id) {
        Clean *clean = c->clean;
        int r;

        if (clean->options.dry_run) {
                clean->counts.scheduled_jobs++;
                return 0;
        }
        r = store_schedule_delete(c->context.store, id);
        if (r < 0)
                return r;
        g_ptr_array_add(clean->deleted_schedules, g_strdup(id));
        return 0;
}

/* The same with its scheduled jobs. How many there are of those that are over is no matter: they go by age alone. */
static int step_schedules(Cleaner *c, unsigned n_rows) {
        CleanScheduleRow rows[ROWS_PER_STEP];
        Clean *clean = c->clean;
        int n, r;

        n = store_clean_list_schedules(c->context.store, clean->job_id, clean->seq, rows, n_rows);
        for (int i = 0; i < n; i++) {
                clean->seq = rows[i].seq;
                if (!rows[i].over || rows[i].date_changed >= clean->done_before)
                        continue;
                r = delete_schedule(c, rows[i].id);
                if (r < 0)
                        return r;
        }
        return n;
}

/* ---- step by step ---- */

static void arm(Cleaner *c) {
        (void) sd_event_source_set_enabled(c->step_source, SD_EVENT_ONESHOT);
}

static void take_over_step(Cleaner *c) {
        Clean *clean = c->clean;

        clean->counts.job_results += clean->deleted->len;
        clean->counts.output_files += clean->n_outputs;
        clean->counts.scheduled_jobs += clean->deleted_schedules->len;
        for (guint i = 0; i < clean->deleted->len; i++)
                c->context.removed(clean->deleted->pdata[i], c->context.userdata);
        for (guint i = 0; i < clean->deleted_schedules->len; i++)
                c->context.schedule_removed(clean->deleted_schedules->pdata[i], c->context.userdata);
        g_ptr_array_set_size(clean->deleted, 0);
        g_ptr_array_set_size(clean->deleted_schedules, 0);
        clean->n_outputs = 0;
}

static void on_step_committed(int r, void *userdata) {
        Cleaner *c = userdata;

        c->committing = false;
        if (r < 0) {
                cleaner_fail(c, r);
                return;
        }
        take_over_step(c);
        if (c->stopping)
                cleaner_stop(c);
        else if (c->clean->problem.message)
                cleaner_end(c, &c->clean->problem);
        else
                arm(c);
}

/* What comes after all of one kind was looked at. */
static void go_on(Clean *clean) {
        clean->is_between = clean->at_schedules || clean->done_before == 0;
        clean->at_schedules = !clean->is_between;
        clean->seq = 0;
}

/* 1: there is more to do, 0: that was all. */
static int step(Cleaner *c) {
        unsigned n_rows = ROWS_PER_STEP;
        Clean *clean = c->clean;
        int r;

        for (unsigned n_jobs = 0; n_jobs < JOBS_PER_STEP && n_rows > 0; n_jobs++) {
                if (clean->is_between) {
                        if (clean->next_job == clean->job_ids->len)
                                return 0;
                        r = begin_job(c, clean->job_ids->pdata[clean->next_job++]);
                        if (r < 0)
                                return r;
                        if (r == 0)
                                continue;
                        clean->is_between = false;
                }
                r = clean->at_schedules ? step_schedules(c, n_rows) : step_job(c, n_rows);
                if (r < 0)
                        return r;
                n_rows -= (unsigned) r;
                if (r == 0)
                        go_on(clean);
        }
        return 1;
}

static int on_step(sd_event_source *source, void *userdata) {
        Cleaner *c = userdata;
        int r;

        r = step(c);
        if (c->clean->deleted->len > 0 || c->clean->deleted_schedules->len > 0) {
                if (r < 0) /* what was deleted before is told of first */
                        refuse_rest(c, r, &c->clean->problem);
                c->committing = true;
                store_after_commit(c->context.store, on_step_committed, c);
        } else if (r < 0)
                cleaner_fail(c, r);
        else if (r > 0)
                arm(c);
        else
                cleaner_end(c, NULL);
        return 0;
}

/* ---- from outside ---- */

static GPtrArray *list_jobs(Cleaner *c, const CleanOptions *options) {
        GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GPtrArray) jobs = NULL;

        if (options->job_id) {
                g_ptr_array_add(ids, g_strdup(options->job_id));
                return ids;
        }
        jobs = registry_list(c->context.registry);
        for (guint i = 0; i < jobs->len; i++)
                g_ptr_array_add(ids, g_strdup(((const Job *) jobs->pdata[i])->id));
        g_ptr_array_add(ids, NULL);
        return ids;
}

int cleaner_start(Cleaner *c, const CleanOptions *options, CleanDone done, void *userdata, Refusal *refusal) {
        int r;

        if (c->clean)
                return refuse(refusal, -EBUSY, BUS_ERROR_TOO_MANY,
                              "a clean-up is in progress already: wait until it has ended");
        r = sd_event_add_defer(c->context.event, &c->step_source, on_step, c);
        /* After everything else: whoever wants something goes first. */
        if (r >= 0)
                r = sd_event_source_set_priority(c->step_source, SD_EVENT_PRIORITY_IDLE);
        if (r < 0) {
                c->step_source = sd_event_source_disable_unref(c->step_source);
                return refuse(refusal, r, BUS_ERROR_STORE_FAILED, "cannot set up the event loop: %s",
                              g_strerror(-r));
        }
        c->clean = g_new0(Clean, 1);
        c->clean->options = *options;
        c->clean->options.job_id = NULL; /* borrowed */
        c->clean->now_usec = now_usec();
        c->clean->job_ids = list_jobs(c, options);
        c->clean->deleted = g_ptr_array_new_with_free_func(g_free);
        c->clean->deleted_schedules = g_ptr_array_new_with_free_func(g_free);
        c->clean->is_between = true;
        c->clean->done = done;
        c->clean->userdata = userdata;
        return 0;
}

void cleaner_stop(Cleaner *c) {
        _cleanup_(refusal_done) Refusal f = {};

        c->stopping = c->committing;
        if (!c->clean || c->committing)
                return;
        (void) refuse(&f, -ECANCELED, BUS_ERROR_TOO_MANY,
                      "jobd is being stopped: what was deleted until now is gone, clean up again for the rest");
        cleaner_end(c, &f);
}

bool cleaner_is_idle(const Cleaner *c) {
        return !c->clean;
}

Cleaner *cleaner_new(const CleanerContext *context) {
        Cleaner *c = g_new0(Cleaner, 1);

        c->context = *context;
        return c;
}

Cleaner *cleaner_free(Cleaner *c) {
        if (!c)
                return NULL;
        cleaner_stop(c);
        (void) clean_free(c->clean);
        g_free(c);
        return NULL;
}
