/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/socket.h>

#include "access.h"
#include "bus-error.h"
#include "bus-reply.h"
#include "direct.h"
#include "file-close.h"
#include "json.h"
#include "log.h"
#include "message-ids.h"
#include "names.h"
#include "outputs.h"
#include "redact.h"
#include "run-bus.h"
#include "run-log.h"
#include "run-result.h"
#include "run-token.h"
#include "store-result.h"

enum {
        PROGRESS_TEXT_MAX = 200,  /* characters; what is longer is cut off */
        FAILURE_TEXT_MAX = 4096,  /* the log has all of it */
};

/* A connection; it speaks for one run, or for none yet. */
typedef struct RunBus {
        Manager *manager;          /* weak ref */
        char id[UUID_STRING_SIZE]; /* "" before Open() */
} RunBus;

/* ---- who speaks ---- */

const Secret *run_bus_token(Manager *m, const char *unit) {
        const JobResult *jr = dispatcher_find_speaker_by_unit(m->dispatcher, unit);
        g_autofree char *token = NULL;

        m->run_token = secret_free(m->run_token);
        if (!jr)
                return NULL;
        token = run_key_token(m->run_key, jr->id);
        m->run_token = secret_new(token);
        explicit_bzero(token, strlen(token));
        return m->run_token;
}

static void log_denied(Manager *m, sd_bus_message *call) {
        g_autofree char *caller = access_caller_name(m->access, call);
        g_autofree char *field = g_strdup_printf("JOB_CALLER=%s", caller);
        const char *fields[] = { field, NULL };

        if (access_may_log_denial(m->access, call))
                log_event(LOG_NOTICE, JOBD_MESSAGE_ACCESS_DENIED_STR, fields,
                          "Denied %s to speak for a run: its token is not one of jobd's", caller);
}

/* Who guesses has to connect for each try. */
static int refuse_token(RunBus *b, sd_bus_message *m) {
        sd_bus *bus = sd_bus_message_get_bus(m);

        log_denied(b->manager, m);
        (void) sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED,
                                          "this is no token of a run: it is in $CREDENTIALS_DIRECTORY/"
                                          JOBD_CREDENTIAL_TOKEN ", for the run's own user to read");
        (void) shutdown(sd_bus_get_fd(bus), SHUT_RDWR); /* direct.c does the rest */
        return 1;
}

static int refuse_ended(sd_bus_error *error, const char *id) {
        return sd_bus_error_setf(error, BUS_ERROR_RUN_ENDED, "run %s has ended: nothing can be added to it any more",
                                 id);
}

static int method_open(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(job_result_freep) JobResult *stored = NULL;
        char id[UUID_STRING_SIZE];
        const JobResult *jr;
        RunBus *b = userdata;
        const char *token;
        int r;

        r = sd_bus_message_read(m, "s", &token);
        if (r < 0)
                return r;
        if (b->id[0])
                return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
                                         "this connection speaks for run %s already: use another one", b->id);
        if (run_key_check(b->manager->run_key, token, id) < 0)
                return refuse_token(b, m);

        jr = dispatcher_find_speaker(b->manager->dispatcher, id);
        if (!jr) {
                r = dispatcher_get_result(b->manager->dispatcher, id, &stored);
                if (r == 0)
                        return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_RUN, "there is no run %s any more", id);
                return refuse_ended(error, id);
        }
        memcpy(b->id, id, sizeof(b->id));
        direct_server_take_files(b->manager->direct_server, sd_bus_message_get_bus(m));
        return sd_bus_reply_method_return(m, "ss", jr->id, jr->class_path);
}

/* The run that the connection speaks for; otherwise negative errno and the error is set. */
static int find_speaker(RunBus *b, JobResult **ret, sd_bus_error *error) {
        JobResult *jr;

        if (!b->id[0])
                return sd_bus_error_set(error, BUS_ERROR_NO_SUCH_RUN,
                                        "this connection speaks for no run yet: call Open with its token first");
        jr = dispatcher_find_speaker(b->manager->dispatcher, b->id);
        if (!jr)
                return refuse_ended(error, b->id);
        *ret = jr;
        return 0;
}

static int refuse_store_error(RunBus *b, sd_bus_error *error, int r) {
        Refusal f = {};

        return bus_refuse(error, refuse_store(&f, r, store_error_text(b->manager->store)), &f);
}

/* ---- log, progress, failure, result ---- */

static int check_message(const char *message, sd_bus_error *error) {
        size_t size = strlen(message);

        if (size <= RUN_LOG_MESSAGE_MAX)
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_DATA_TOO_LARGE,
                                 "the message has %zu bytes, and may have %i: log it in parts", size,
                                 RUN_LOG_MESSAGE_MAX);
}

static int method_log(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *level_name, *message, *grouping, *object;
        RunBus *b = userdata;
        LogLevel level;
        JobResult *jr;
        int r;

        r = sd_bus_message_read(m, "ssss", &level_name, &message, &grouping, &object);
        if (r >= 0)
                r = find_speaker(b, &jr, error);
        if (r >= 0)
                r = check_message(message, error);
        if (r < 0)
                return r;
        level = log_level_from_name(level_name);
        if (level < 0) {
                g_autofree char *shown = json_show_text(level_name);

                return sd_bus_error_setf(error, BUS_ERROR_INVALID_VALUE,
                                         "Unknown logging level: %s; there are debug, info, success, warning, "
                                         "failure, error, critical",
                                         shown);
        }
        run_log(jr, level, message, grouping, object);
        dispatcher_report_later(b->manager->dispatcher, jr->id);
        return sd_bus_reply_method_return(m, NULL);
}

static int method_set_progress(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        RunBus *b = userdata;
        const char *text;
        uint32_t percent;
        JobResult *jr;
        int r;

        r = sd_bus_message_read(m, "us", &percent, &text);
        if (r >= 0)
                r = find_speaker(b, &jr, error);
        if (r < 0)
                return r;
        if (percent > 100)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_VALUE,
                                         "progress is from 0 to 100 percent, not %" PRIu32, percent);
        jr->progress = (int) percent;
        g_free(jr->progress_text);
        jr->progress_text = run_text(text, PROGRESS_TEXT_MAX);
        dispatcher_report_later(b->manager->dispatcher, jr->id);
        return sd_bus_reply_method_return(m, NULL);
}

static int method_fail(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        RunBus *b = userdata;
        const char *message;
        JobResult *jr;
        int r;

        r = sd_bus_message_read(m, "s", &message);
        if (r >= 0)
                r = find_speaker(b, &jr, error);
        if (r >= 0)
                r = check_message(message, error);
        if (r < 0)
                return r;
        run_log(jr, LOG_LEVEL_FAILURE, message, "", "");
        g_free(jr->failure);
        jr->failure = run_text(message[0] ? message : "the job says that it failed", FAILURE_TEXT_MAX);
        r = dispatcher_report_now(b->manager->dispatcher, jr->id);
        if (r < 0)
                return refuse_store_error(b, error, r);
        return bus_reply_after_commit(b->manager, m, NULL);
}

static int method_set_result(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autofree char *json = NULL;
        RunBus *b = userdata;
        const char *text;
        JobResult *jr;
        Refusal f = {};
        int r;

        r = sd_bus_message_read(m, "s", &text);
        if (r >= 0)
                r = find_speaker(b, &jr, error);
        if (r < 0)
                return r;
        r = run_result_check(text, &json, &f);
        if (r < 0)
                return bus_refuse(error, r, &f);
        r = store_result_set_result(b->manager->store, jr->id, json);
        if (r >= 0) /* for the signal: it is read from the store */
                r = dispatcher_report_now(b->manager->dispatcher, jr->id);
        if (r < 0)
                return refuse_store_error(b, error, r);
        return bus_reply_after_commit(b->manager, m, NULL);
}

/* ---- output files ---- */

typedef struct AddedOutput {
        Manager *manager; /* weak ref */
        sd_bus_message *call;
        char id[UUID_STRING_SIZE];
        char *name;
        int fd; /* of the call */
} AddedOutput;

static void added_output_free(AddedOutput *a) {
        file_close_of_message(a->manager->event, a->call, &a->fd, 1);
        (void) sd_bus_message_unref(a->call);
        g_free(a->name);
        g_free(a);
}

static void on_output_added(Refusal *refusal, void *userdata) {
        AddedOutput *a = userdata;
        JobResult *jr;
        int r;

        if (refusal)
                r = sd_bus_reply_method_errorf(a->call, refusal->name, "%s", refusal->message);
        else {
                jr = dispatcher_find_speaker(a->manager->dispatcher, a->id);
                if (jr) {
                        g_autofree char *text = g_strdup_printf("Created file %s", a->name);

                        run_log(jr, LOG_LEVEL_INFO, text, "", "");
                        dispatcher_report_later(a->manager->dispatcher, a->id);
                }
                r = bus_reply_after_commit(a->manager, a->call, NULL);
        }
        if (r < 0)
                (void) log_debug_errno(r, "Cannot answer a run, ignoring: %m");
        added_output_free(a);
}

static int method_add_output(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        RunBus *b = userdata;
        const char *name;
        JobResult *jr;
        Refusal f = {};
        AddedOutput *a;
        int fd, r;

        r = sd_bus_message_read(m, "sh", &name, &fd);
        if (r < 0)
                return r;
        a = g_new0(AddedOutput, 1);
        a->manager = b->manager;
        a->call = sd_bus_message_ref(m);
        memcpy(a->id, b->id, sizeof(a->id));
        a->name = g_strdup(name);
        a->fd = fd;
        r = find_speaker(b, &jr, error);
        if (r >= 0) {
                r = outputs_add(b->manager->outputs, jr->id, name, fd, on_output_added, a, &f);
                if (r < 0)
                        r = bus_refuse(error, r, &f);
        }
        if (r >= 0)
                return 1;
        added_output_free(a);
        return r;
}

/* ---- the object ---- */

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Open", SD_BUS_ARGS("s", token), SD_BUS_RESULT("s", id, "s", class_path), method_open,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("Log", SD_BUS_ARGS("s", level, "s", message, "s", grouping, "s", object),
                                SD_BUS_NO_RESULT, method_log, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetProgress", SD_BUS_ARGS("u", percent, "s", text), SD_BUS_NO_RESULT,
                                method_set_progress, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetResult", SD_BUS_ARGS("s", json), SD_BUS_NO_RESULT, method_set_result,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("AddOutput", SD_BUS_ARGS("s", name, "h", file), SD_BUS_NO_RESULT, method_add_output,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Fail", SD_BUS_ARGS("s", message), SD_BUS_NO_RESULT, method_fail,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int run_bus_add(Manager *m, sd_bus *bus) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        RunBus *b;
        int r;

        b = g_new0(RunBus, 1);
        b->manager = m;
        r = sd_bus_add_object_vtable(bus, &slot, JOBD_RUN_PATH, JOBD_RUN_INTERFACE, vtable, b);
        if (r < 0) {
                g_free(b);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, g_free);
        return sd_bus_slot_set_floating(slot, true);
}
