/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "bus-error.h"
#include "bus-option.h"
#include "bus-reply.h"
#include "file-close.h"
#include "input-files.h"
#include "log.h"
#include "names.h"
#include "now.h"
#include "object-call.h"
#include "run-job-bus.h"
#include "run-schedule-bus.h"
#include "seal.h"
#include "user.h"

/* RunJob and Run. A call with files is answered when they are copied. */

typedef struct RunOptions {
        const char *task_queue;
        const char *username;
        ScheduleRequest schedule;
        int ignore_singleton;
        GPtrArray *files;       /* of InputFile; their names come with file_names */
        GArray *fds;            /* of int: those that have come with the message */
        GHashTable *file_names; /* variable -> name, borrowed */
} RunOptions;

typedef struct RunCall {
        Manager *manager; /* weak ref */
        sd_bus_message *message;
        char job_id[UUID_STRING_SIZE];
        char id[UUID_STRING_SIZE]; /* of the job result to be */
        char *caller, *user, *login_user;
        char **log_context; /* of the call, for what it leads to later */
        RunOptions options;
        RunRequest request;
        ObjectSet *objects; /* NULL: none were asked for */
        GHashTable *wants;  /* what it takes */
} RunCall;

static void free_file(void *file) {
        (void) input_file_free(file);
}

static RunCall *run_call_free(RunCall *c) {
        file_close_of_message(c->manager->event, c->message, (const int *) (void *) c->options.fds->data,
                              c->options.fds->len);
        (void) sd_bus_message_unref(c->message);
        g_free(c->caller);
        g_free(c->user);
        g_free(c->login_user);
        g_strfreev(c->log_context);
        g_ptr_array_unref(c->options.files);
        g_array_unref(c->options.fds);
        g_hash_table_unref(c->options.file_names);
        (void) object_set_unref(c->objects);
        g_clear_pointer(&c->wants, g_hash_table_unref);
        g_free(c);
        return NULL;
}
DEFINE_CLEANUP(RunCall *, run_call_free);

static RunCall *run_call_new(Manager *m, sd_bus_message *message, const Job *job) {
        RunCall *c = g_new0(RunCall, 1);

        c->manager = m;
        c->message = sd_bus_message_ref(message);
        memcpy(c->job_id, job->id, sizeof(c->job_id));
        uuid_new(c->id);
        c->caller = access_caller_name(m->access, message);
        c->login_user = access_caller_login_name(m->access, message);
        c->log_context = log_context_capture();
        c->objects = object_call_objects(m, message) ? object_set_ref(object_call_objects(m, message)) : NULL;
        c->options.files = g_ptr_array_new_with_free_func(free_file);
        c->options.fds = g_array_new(false, false, sizeof(int));
        c->options.file_names = g_hash_table_new(g_str_hash, g_str_equal);
        c->request = (RunRequest){
                .requester = c->caller,
                .requester_uid = access_caller_uid(m->access, message),
                .requested_by = c->login_user, /* by sudo: what may come of it they cannot approve */
                .id = c->id,
        };
        return c;
}

/* ---- reading the call ---- */

static int read_files(sd_bus_message *m, void *target, sd_bus_error *error) {
        RunOptions *o = target;
        GPtrArray *files = o->files;
        const char *variable;
        int fd, r;

        r = sd_bus_message_enter_container(m, 'a', "{sh}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "{sh}", &variable, &fd)) > 0) {
                InputFile *twice = input_files_find(files, variable);

                g_array_append_val(o->fds, fd);
                if (files->len >= INPUT_FILES_MAX)
                        return sd_bus_error_setf(error, BUS_ERROR_TOO_MANY, "a run may be given %i files",
                                                 INPUT_FILES_MAX);
                if (twice)
                        input_file_message(twice, "This is there twice.");
                else
                        g_ptr_array_add(files, input_file_new(variable, fd));
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_file_names(sd_bus_message *m, void *target, sd_bus_error *error) {
        GHashTable *names = *(GHashTable **) target;
        const char *variable, *name;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{ss}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "{ss}", &variable, &name)) > 0) {
                if (g_hash_table_size(names) >= INPUT_FILES_MAX)
                        return sd_bus_error_setf(error, BUS_ERROR_TOO_MANY, "a run may be given %i files",
                                                 INPUT_FILES_MAX);
                (void) g_hash_table_insert(names, (char *) variable, (char *) name);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* The options can come in any order. */
static void name_files(RunOptions *o) {
        const char *variable, *name;
        GHashTableIter i;

        g_hash_table_iter_init(&i, o->file_names);
        while (g_hash_table_iter_next(&i, (void **) &variable, (void **) &name)) {
                InputFile *file = input_files_find(o->files, variable);

                if (file) {
                        input_file_set_name(file, name);
                        continue;
                }
                file = input_file_new(variable, -1);
                input_file_message(file, "This has a name, but the file is not there.");
                g_ptr_array_add(o->files, file);
        }
}

static int read_run_call(RunCall *c, sd_bus_error *error) {
        static const BusOption table[] = {
                { "task_queue", 's', offsetof(RunOptions, task_queue), NULL, NULL },
                { "username", 's', offsetof(RunOptions, username), NULL, NULL },
                { "interval", 's', offsetof(RunOptions, schedule.interval), NULL, NULL },
                { "start_time", 't', offsetof(RunOptions, schedule.start_time), NULL, NULL },
                { "time_zone", 's', offsetof(RunOptions, schedule.time_zone), NULL, NULL },
                { "crontab", 's', offsetof(RunOptions, schedule.crontab), NULL, NULL },
                { "name", 's', offsetof(RunOptions, schedule.name), NULL, NULL },
                { "missed", 's', offsetof(RunOptions, schedule.missed), NULL, NULL },
                { "ignore_singleton", 'b', offsetof(RunOptions, ignore_singleton), NULL, NULL },
                { "files", 'a', 0, "a{sh}", read_files },
                { "file_names", 'a', offsetof(RunOptions, file_names), "a{ss}", read_file_names },
        };
        int r;

        r = sd_bus_message_read(c->message, "s", &c->request.data);
        if (r < 0)
                return r;
        c->request.data_size = strlen(c->request.data);
        r = bus_options_read(c->message, table, ELEMENTSOF(table), &c->options, error);
        if (r < 0)
                return r;
        c->request.task_queue = c->options.task_queue;
        c->request.schedule = c->options.schedule;
        c->request.ignore_singleton = c->options.ignore_singleton != 0;
        name_files(&c->options);
        if (c->options.files->len > 0)
                c->request.files = c->options.files;
        return 0;
}

/* The gate has asked whether the caller may, and whether the user may. */
static int run_as_user(RunCall *c, sd_bus_error *error) {
        RunRequest *request = &c->request;
        int r;

        r = user_find(c->options.username, &request->requester_uid, &c->user);
        if (r < 0)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_USER, "there is no user '%s'", c->options.username);
        if (strcmp(request->requester, c->user) != 0)
                request->requested_by = c->login_user && strcmp(c->login_user, c->user) != 0 ? c->login_user
                                                                                           : request->requester;
        request->requester = c->user;
        return 0;
}

/* ---- answering it ---- */

static RunContext run_context(RunCall *c) {
        const Manager *m = c->manager;

        return (RunContext){ .settings = m->settings, .loader = m->loader, .roots = m->roots, .now_usec = now_usec(),
                             .can_seal = sealer_has_key(m->sealer), .objects = c->objects, .ret_wants = &c->wants };
}

/* 1: it is answered, or will be; 0: it is a run. */
static int submit(RunCall *c, const Job *job, Refusal *f) {
        const RunContext context = run_context(c);
        _cleanup_(prepared_run_done) PreparedRun run = {};
        int r;

        r = run_request_prepare(&context, job, &c->request, &run, f);
        if (r >= 0 && run.scheduled_job) {
                r = bus_submit_scheduled(c->manager, c->message, &run, f);
                if (r >= 0)
                        return 1;
        } else if (r >= 0)
                r = dispatcher_submit(c->manager->dispatcher, &run, f);
        if (r < 0 && c->request.files)
                input_files_remove(c->manager->input_files, c->id);
        return r;
}

/* ---- files ---- */

/* What the answer says is for a client that may have gone meanwhile. */
static void refuse_later(RunCall *c, Refusal *f) {
        int r;

        r = sd_bus_reply_method_errorf(c->message, f->name, "%s", f->message);
        if (r < 0)
                (void) log_debug_errno(r, "Cannot answer a call, its sender has gone: %m");
        refusal_done(f);
}

/* What it takes was found out before the files were copied; meanwhile an administrator may have changed the job. */
static int submit_with_files(RunCall *c, Refusal *f) {
        const Job *job = registry_find_by_id(c->manager->registry, c->job_id);
        int r;

        if (!job) {
                input_files_remove(c->manager->input_files, c->id);
                return refuse(f, -ENOENT, BUS_ERROR_NO_SUCH_JOB, BUS_MESSAGE_NO_SUCH_JOB, c->job_id);
        }
        r = submit(c, job, f);
        if (r == -EAGAIN)
                return refuse(f, -EBUSY, SD_BUS_ERROR_FAILED,
                              "job '%s' was changed while its files were copied: request it again", job->class_path);
        return r;
}

static void on_files_copied(Refusal *refusal, void *userdata) {
        _cleanup_(run_call_freep) RunCall *c = userdata;
        Refusal f = {};
        int r = 0;

        if (refusal) {
                f = *refusal;
                *refusal = (Refusal){};
                refuse_later(c, &f);
                return;
        }
        log_context_enter(c->log_context);
        r = submit_with_files(c, &f);
        log_context_enter(NULL);
        if (r < 0)
                refuse_later(c, &f);
        else if (r == 0 && bus_reply_run(c->manager, c->message, c->id) < 0)
                log_debug("Cannot answer a call");
}

static bool has_something_to_copy(const GPtrArray *files) {
        for (guint i = 0; i < files->len; i++)
                if (((const InputFile *) files->pdata[i])->fd >= 0)
                        return true;
        return false;
}

/* 1: the call is answered later, 0: there is nothing to copy. */
static int copy_files(RunCall *c, const Job *job, Refusal *f) {
        const RunContext context = run_context(c);
        InputFilesRequest request = {
                .id = c->id,
                .files = c->request.files,
                .uid = access_caller_uid(c->manager->access, c->message),
                .copied = on_files_copied,
                .userdata = c,
        };
        bool valid;
        int r;

        r = run_request_prepare_files(&context, job, &c->request, &valid, f);
        if (r < 0 || !has_something_to_copy(c->request.files))
                return r;
        request.look_only = !valid;
        r = input_files_copy(c->manager->input_files, &request, f);
        return r < 0 ? r : 1;
}

int bus_run_job(Manager *m, sd_bus_message *message, const Job *job, sd_bus_error *error) {
        _cleanup_(run_call_freep) RunCall *c = run_call_new(m, message, job);
        Refusal f = {};
        int r;

        r = read_run_call(c, error);
        if (r >= 0 && c->options.username)
                r = run_as_user(c, error);
        if (r < 0)
                return r;
        if (c->request.files) {
                r = copy_files(c, job, &f);
                if (r > 0) {
                        c = NULL;
                        return 1;
                }
        }
        if (r >= 0)
                r = submit(c, job, &f);
        if (r == -EAGAIN) {
                g_array_set_size(c->options.fds, 0); /* it comes once more, with them */
                return object_call_wait(m, message, c->wants, error);
        }
        if (r < 0)
                return bus_refuse(error, r, &f);
        return r > 0 ? 1 : bus_reply_run(m, message, c->id);
}
