/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "bus-report.h"
#include "follow.h"
#include "job-json.h"
#include "names.h"
#include "output.h"
#include "progress-line.h"

/*
 * Two things have to come together: the status of the result, which is asked whenever something may have changed it,
 * and the end of the log's pipe. One call is on its way at any time.
 *
 *   PropertiesChanged, jobd is there again, the pipe has ended  ->  ask()
 *   answer: the pipe ended and was fed by another jobd than the one that answers  ->  that one died: open_log(), which
 *           goes on after the last line shown
 *   answer: ended, and the pipe too  ->  done
 *   connection lost  ->  connect again, and ask()
 *
 * The question comes after the match, so that no change is missed; what changes while it is on its way is asked for
 * again. A question does not start jobd: where an administrator has stopped it, it shall stay so. Only a restart of
 * the bus, which takes jobd with it, is no such case.
 */

enum { FAILURES_MAX = 5 }; /* calls in a row that were lost with jobd or with the connection */

#define ABSENCE_USEC (3 * USEC_PER_SEC) /* a jobd that is restarted is back by then, and nobody needs to know */

#define WAIT_USEC (2 * USEC_PER_SEC) /* a place in a line is asked for: it changes too often to be announced */

#define FEEDER_LOST "-" /* no bus name: differs from every other, and from having none */

typedef struct Follow {
        Connection *connection;
        sd_event *event;
        const char *path;
        LogView *view; /* NULL: no log is shown */
        int lines;

        sd_bus_slot *changed_slot, *owner_slot, *lost_slot, *call_slot;
        sd_event_source *pipe_source, *reconnect_source, *absence_source, *wait_source;
        char *wait_reason; /* that was shown last */
        bool show_waiting;
        char *log_feeder; /* the jobd at the other end of the pipe */
        bool log_ended;
        bool ask_again;
        bool show_progress;
        bool may_start; /* the next question may start jobd */
        unsigned failures;
        JsonObject *result;
} Follow;

static int ask(Follow *f);

static void unref_slots(Follow *f) {
        f->changed_slot = sd_bus_slot_unref(f->changed_slot);
        f->owner_slot = sd_bus_slot_unref(f->owner_slot);
        f->lost_slot = sd_bus_slot_unref(f->lost_slot);
        f->call_slot = sd_bus_slot_unref(f->call_slot);
}

static void follow_done(Follow *f) {
        unref_slots(f);
        (void) sd_bus_detach_event(connection_bus(f->connection));
        sd_event_source_disable_unref(f->pipe_source);
        sd_event_source_disable_unref(f->reconnect_source);
        sd_event_source_disable_unref(f->absence_source);
        sd_event_source_disable_unref(f->wait_source);
        sd_event_unref(f->event);
        g_free(f->wait_reason);
        g_free(f->log_feeder);
        if (f->result)
                json_object_unref(f->result);
}

/* Ends the loop with an error that has been reported. */
static int give_up(Follow *f, int error) {
        return sd_event_exit(f->event, error);
}

static bool is_final(JsonObject *result) {
        const char *status = json_string(result, "status") ?: "";

        return strcmp(status, "SUCCESS") == 0 || strcmp(status, "FAILURE") == 0 || strcmp(status, "REVOKED") == 0;
}

static int on_absence(sd_event_source *source, uint64_t usec, void *userdata) {
        Follow *f = userdata;

        f->absence_source = sd_event_source_disable_unref(f->absence_source);
        (void) report_error(0, "jobd is not running. The run goes on; how it ends is seen when jobd is back.");
        progress_line_show();
        return 0;
}

static int wait_for_jobd(Follow *f) {
        int r;

        if (f->absence_source)
                return 0;
        r = sd_event_add_time_relative(f->event, &f->absence_source, CLOCK_MONOTONIC, ABSENCE_USEC, 0, on_absence, f);
        return r < 0 ? give_up(f, report_errno(r, "cannot wait for jobd")) : 0;
}

/* A call without an answer: jobd has gone, and on_owner() or another call finds it back, or something that lasts. */
static int call_failed(Follow *f, sd_bus_message *reply) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        bool absent = sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
                      sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN);
        bool transient = sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY) ||
                         sd_bus_error_has_name(e, SD_BUS_ERROR_DISCONNECTED);

        if (absent)
                return wait_for_jobd(f);
        if (!transient || ++f->failures > FAILURES_MAX)
                return give_up(f, report_bus_error("cannot follow the run any longer, it goes on", NULL, e,
                                                   -sd_bus_error_get_errno(e)));
        if (sd_bus_is_open(connection_bus(f->connection)) <= 0)
                return 0; /* on_lost() comes next */
        return ask(f);
}

static int on_pipe(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Follow *f = userdata;
        int r;

        r = log_view_read(f->view, fd);
        if (r == -EAGAIN || r == -EINTR)
                return 0;
        if (r < 0)
                return give_up(f, report_errno(r, "cannot show the log"));
        if (r > 0)
                return 0;
        f->pipe_source = sd_event_source_disable_unref(f->pipe_source);
        f->log_ended = true;
        return ask(f);
}

/* Takes the file descriptor and the name. */
static int watch_pipe(Follow *f, int fd, char *feeder) {
        int r;

        g_free(f->log_feeder);
        f->log_feeder = feeder;
        f->log_ended = false;
        r = sd_event_add_io(f->event, &f->pipe_source, fd, EPOLLIN, on_pipe, f);
        if (r < 0) {
                (void) close(fd);
                return report_errno(r, "cannot wait for the log");
        }
        (void) sd_event_source_set_io_fd_own(f->pipe_source, true);
        return 0;
}

static int on_log_opened(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Follow *f = userdata;
        char *feeder;
        int fd, r;

        f->call_slot = sd_bus_slot_unref(f->call_slot);
        if (sd_bus_message_is_method_error(reply, NULL))
                return call_failed(f, reply);
        r = log_view_open_reply(reply, &fd, &feeder);
        if (r >= 0)
                r = watch_pipe(f, fd, feeder);
        if (r < 0)
                return give_up(f, r);
        f->failures = 0;
        if (f->ask_again)
                return ask(f);
        return 0;
}

static int open_log(Follow *f) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = log_view_open_message(f->view, f->connection, f->path, true, f->lines, &call);
        if (r < 0)
                return give_up(f, r);
        r = sd_bus_message_set_auto_start(call, false);
        if (r >= 0)
                r = sd_bus_call_async(connection_bus(f->connection), &f->call_slot, call, on_log_opened, f, 0);
        return r < 0 ? give_up(f, report_errno(r, "cannot ask for the log")) : 0;
}

static void show_progress(Follow *f) {
        JsonNode *percent = json_object_get_member(f->result, "progress");
        bool known = percent && JSON_NODE_HOLDS_VALUE(percent) && !is_final(f->result);

        progress_line_set(known ? json_node_get_int(percent) : -1, json_string(f->result, "progress_text"));
}

static int on_wait(sd_event_source *source, uint64_t usec, void *userdata) {
        return ask(userdata);
}

static int ask_again_later(Follow *f) {
        int r;

        if (!f->wait_source)
                return sd_event_add_time_relative(f->event, &f->wait_source, CLOCK_MONOTONIC, WAIT_USEC, 0, on_wait, f);
        r = sd_event_source_set_time_relative(f->wait_source, WAIT_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(f->wait_source, SD_EVENT_ONESHOT);
}

static int show_waiting(Follow *f) {
        const char *reason = json_string(f->result, "wait_reason");
        int r;

        if (!reason)
                return 0;
        if (g_strcmp0(reason, f->wait_reason) != 0) {
                g_autofree char *safe = escape_text(reason, -1, terminal_escape_flags(STDERR_FILENO));

                fprintf(stderr, "Waiting: %s\n", safe);
                g_free(f->wait_reason);
                f->wait_reason = g_strdup(reason);
        }
        r = ask_again_later(f);
        return r < 0 ? give_up(f, report_errno(r, "cannot wait for the run")) : 0;
}

static int on_properties(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Follow *f = userdata;
        JsonObject *result;
        int r;

        f->call_slot = sd_bus_slot_unref(f->call_slot);
        if (sd_bus_message_is_method_error(reply, NULL))
                return call_failed(f, reply);
        r = job_result_json_read(reply, &result);
        if (r < 0)
                return give_up(f, report_errno(r, "cannot understand what jobd says of the run"));
        if (f->result)
                json_object_unref(f->result);
        f->result = result;
        if (f->show_progress)
                show_progress(f);
        if (f->show_waiting) {
                r = show_waiting(f);
                if (r < 0)
                        return r;
        }

        if (f->ask_again)
                return ask(f);
        if (f->view && f->log_ended && g_strcmp0(f->log_feeder, sd_bus_message_get_sender(reply)) != 0)
                return open_log(f);
        if (!f->view)
                f->failures = 0;
        if (is_final(result) && (!f->view || f->log_ended))
                return sd_event_exit(f->event, 0);
        return 0;
}

static int ask(Follow *f) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        f->ask_again = f->call_slot != NULL;
        if (f->ask_again)
                return 0;
        r = connection_message_new(f->connection, f->path, "org.freedesktop.DBus.Properties", "GetAll", &call);
        if (r < 0)
                return give_up(f, r);
        r = sd_bus_message_append(call, "s", JOBD_RESULT_INTERFACE);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(call, f->may_start);
        if (r >= 0)
                r = sd_bus_call_async(connection_bus(f->connection), &f->call_slot, call, on_properties, f, 0);
        f->may_start = false;
        if (r == -ENOTCONN || r == -ECONNRESET)
                return 0; /* on_lost() comes next */
        return r < 0 ? give_up(f, report_errno(r, "cannot ask jobd for the run")) : 0;
}

static int on_change(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error) {
        return ask(userdata);
}

static int on_owner(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error) {
        const char *owner;
        Follow *f = userdata;

        if (sd_bus_message_read(signal, "sss", NULL, NULL, &owner) < 0)
                return 0;
        if (owner[0] == '\0')
                return wait_for_jobd(f);
        f->absence_source = sd_event_source_disable_unref(f->absence_source);
        return ask(f);
}

static int on_lost(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error);

static int add_matches(Follow *f) {
        sd_bus *bus = connection_bus(f->connection);
        int r;

        r = sd_bus_match_signal(bus, &f->changed_slot, connection_destination(f->connection), f->path,
                                "org.freedesktop.DBus.Properties", "PropertiesChanged", on_change, f);
        if (r >= 0 && connection_has_broker(f->connection))
                r = sd_bus_add_match(bus, &f->owner_slot,
                                     "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                     "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                                     "arg0='" JOBD_BUS_NAME "'",
                                     on_owner, f);
        if (r >= 0)
                r = sd_bus_match_signal(bus, &f->lost_slot, NULL, "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_lost, f);
        if (r >= 0)
                r = sd_bus_attach_event(bus, f->event, SD_EVENT_PRIORITY_NORMAL);
        return r < 0 ? report_errno(r, "cannot wait for what happens to the run") : 0;
}

static int on_reconnect(sd_event_source *source, void *userdata) {
        Follow *f = userdata;
        int r;

        f->reconnect_source = sd_event_source_disable_unref(f->reconnect_source);
        unref_slots(f);
        (void) sd_bus_detach_event(connection_bus(f->connection));
        r = ++f->failures > FAILURES_MAX ? -ECONNRESET : connection_reopen(f->connection);
        if (r < 0)
                return give_up(f, report_error(r, "the connection was lost (%s); the run goes on.", g_strerror(-r)));
        r = add_matches(f);
        if (r < 0)
                return give_up(f, r);
        g_free(f->log_feeder);
        f->log_feeder = g_strdup(FEEDER_LOST);
        f->may_start = true;
        return ask(f);
}

/* Not at once: the connection to replace is the one that is calling. */
static int on_lost(sd_bus_message *signal, void *userdata, sd_bus_error *ret_error) {
        Follow *f = userdata;
        int r;

        r = sd_event_add_defer(f->event, &f->reconnect_source, on_reconnect, f);
        return r < 0 ? give_up(f, report_errno(r, "the connection was lost; the run goes on")) : 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        return sd_event_exit(sd_event_source_get_event(source), (int) info->ssi_signo);
}

static int catch_signals(Follow *f) {
        sigset_t set;
        int r;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        r = sd_event_add_signal(f->event, NULL, SIGINT, on_signal, NULL);
        return r < 0 ? r : sd_event_add_signal(f->event, NULL, SIGTERM, on_signal, NULL);
}

static int follow_start(Follow *f, const FollowOptions *options) {
        int fd, r;

        r = sd_event_new(&f->event);
        if (r >= 0 && options->catch_signals)
                r = catch_signals(f);
        if (r < 0)
                return report_errno(r, "cannot make an event loop");
        r = add_matches(f);
        if (r < 0)
                return r;
        if (f->view) {
                char *feeder;

                r = log_view_open(f->view, f->connection, f->path, true, f->lines, &fd, &feeder);
                if (r >= 0)
                        r = watch_pipe(f, fd, feeder);
                if (r < 0)
                        return r;
        }
        return ask(f);
}

int follow_run(Connection *c, const char *path, const FollowOptions *options, JsonObject **ret_result) {
        _cleanup_(follow_done) Follow f = {
                .connection = c,
                .path = path,
                .view = options->view,
                .lines = options->lines,
                .show_waiting = options->show_waiting,
                .show_progress = options->show_progress,
        };
        int r;

        r = follow_start(&f, options);
        if (r < 0)
                return r;
        /* The loop's code is 0, the number of a signal, or an error that was reported. */
        r = sd_event_loop(f.event);
        progress_line_set(-1, NULL);
        if (r != 0)
                return r;
        *ret_result = TAKE_PTR(f.result);
        return 0;
}
