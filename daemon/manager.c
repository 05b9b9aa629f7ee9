/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "access.h"
#include "announcer.h"
#include "bus-error.h"
#include "bus-objects.h"
#include "credential.h"
#include "direct.h"
#include "idle.h"
#include "log.h"
#include "manager.h"
#include "message-ids.h"
#include "names.h"
#include "now.h"
#include "object-path.h"
#include "refresh.h"

#define IDLE_TIMEOUT_USEC (30 * USEC_PER_SEC)

/* A batch is committed when the loop has nothing else to do, so that all that arrived together shares one fsync. */
#define COMMIT_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 2)

/* ---- the store's batches ---- */

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
        r = registry_reload(m->registry);
        if (r < 0)
                (void) log_error_errno(r, "Cannot read the registry again: %s", store_error_text(m->store));
}

/* ---- what is announced ---- */

static void on_result_added(const JobResult *jr, void *userdata) {
        char path[OBJECT_PATH_SIZE];
        Manager *m = userdata;

        object_path_format(JOBD_RESULT_PATH, jr->id, path);
        announcer_signal(m->announcer, "JobResultNew", path);
}

static void on_result_changed(const JobResult *jr, void *userdata) {
        char path[OBJECT_PATH_SIZE];
        Manager *m = userdata;

        object_path_format(JOBD_RESULT_PATH, jr->id, path);
        announcer_changed(m->announcer, path, JOBD_RESULT_INTERFACE, job_result_bus_changing_properties);
        if (job_result_status_is_final(jr->status))
                log_streams_run_ended(m->log_streams, jr->id);
}

static const DispatcherHooks dispatcher_hooks = { on_result_added, on_result_changed };

/* ---- the direct socket ---- */

static int on_direct_connected(sd_bus *bus, void *userdata) {
        Manager *m = userdata;
        int r;

        r = bus_objects_add(m, bus);
        if (r < 0)
                return r;
        announcer_add_bus(m->announcer, bus);
        return 0;
}

static void on_direct_disconnected(sd_bus *bus, void *userdata) {
        Manager *m = userdata;

        announcer_remove_bus(m->announcer, bus);
}

static const DirectCallbacks direct_callbacks = { on_direct_connected, on_direct_disconnected };

/* ---- making it ---- */

static int manager_open_store(Manager *m, bool *ret_migrated) {
        const char *directory = getenv("STATE_DIRECTORY") ?: "/var/lib/jobd";
        g_autofree char *path = g_build_filename(directory, "jobd.db", NULL), *problem = NULL;
        int r;

        r = store_open(path, &m->store, ret_migrated, &problem);
        if (r < 0) {
                log_event(LOG_CRIT, JOBD_MESSAGE_STORE_FAILED_STR, NULL, "%s", problem);
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
        if (r < 0)
                return log_error_errno(r, "Cannot read the registry from the database %s: %s", path,
                                       store_error_text(m->store));
        return 0;
}

static int manager_load_settings(Manager *m) {
        g_autoptr(GPtrArray) problems = NULL;

        m->settings = settings_load("", &problems);
        for (guint i = 0; i < problems->len; i++)
                log_warning("%s; ignoring it", (const char *) problems->pdata[i]);
        m->loader = &job_file_loader;
        m->roots = job_class_default_roots;
        return 0;
}

static int manager_make_parts(Manager *m) {
        const DispatcherContext dispatcher = {
                .event = m->event,
                .store = m->store,
                .registry = m->registry,
                .run = { m->settings, m->loader, m->roots, 0 },
                .hooks = &dispatcher_hooks,
                .userdata = m,
        };
        int r;

        m->log_streams = log_streams_new(m->event);
        m->announcer = announcer_new(m->event);
        if (!m->announcer)
                return log_error_errno(-ENOMEM, "Cannot set up the event loop: %m");
        r = dispatcher_new(&dispatcher, &m->dispatcher);
        if (r < 0)
                return log_error_errno(r, "Cannot connect to the system bus: %m");
        r = access_new(&(AccessContext){ m->event, m->registry, m->dispatcher, m->settings }, &m->access);
        if (r < 0)
                return log_error_errno(r, "Cannot connect to the system bus: %m");
        return 0;
}

/* SIGTERM and SIGINT end the loop; what is committed is kept, what runs goes on without us. */
static int manager_make_loop(Manager *m) {
        sigset_t signals;
        int r;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &signals, NULL);

        r = sd_event_default(&m->event);
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(m->event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_set_watchdog(m->event, true);
        return r < 0 ? log_error_errno(r, "Cannot set up the event loop: %m") : 0;
}

int manager_new(Manager **ret) {
        _cleanup_(manager_freep) Manager *m = NULL;
        bool migrated = false;
        int r;

        m = g_new0(Manager, 1);
        r = manager_make_loop(m);
        if (r >= 0)
                r = manager_load_settings(m);
        if (r >= 0)
                r = manager_open_store(m, &migrated);
        if (r >= 0)
                r = manager_make_parts(m);
        if (r < 0)
                return r;

        if (migrated) { /* as the reference does after each migration */
                _cleanup_(refusal_done) Refusal f = {};
                g_autoptr(GPtrArray) report = NULL;

                if (manager_refresh(m, "jobd", &report, &f) < 0)
                        log_error("Cannot refresh the registry: %s", f.message);
        }
        *ret = TAKE_PTR(m);
        return 0;
}

Manager *manager_free(Manager *m) {
        if (!m)
                return NULL;
        if (m->store)
                (void) store_commit(m->store);
        (void) direct_server_free(m->direct_server);
        (void) credential_server_free(m->credential_server);
        (void) access_free(m->access);
        (void) dispatcher_free(m->dispatcher);
        (void) log_streams_free(m->log_streams);
        if (m->bus)
                (void) sd_bus_flush_close_unref(m->bus);
        (void) announcer_free(m->announcer);
        (void) registry_free(m->registry);
        (void) sd_event_source_disable_unref(m->commit_source);
        (void) store_close(m->store);
        (void) settings_free(m->settings);
        (void) sd_event_unref(m->event);
        g_free(m);
        return NULL;
}

/* ---- starting up ---- */

static const Secret *lookup_input(const char *unit, void *userdata) {
        Manager *m = userdata;

        return dispatcher_find_input(m->dispatcher, unit);
}

static int take_socket(Manager *m, int fd, const char *name) {
        int r;

        if (sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) <= 0) {
                log_warning("The socket '%s' handed over by systemd is not a listening stream socket, closing it", name);
                (void) close(fd);
                return 0;
        }
        if (strcmp(name, "direct") == 0 && !m->direct_server)
                r = direct_server_new(m->event, fd, &direct_callbacks, m, &m->direct_server);
        else if (strcmp(name, "credentials") == 0 && !m->credential_server)
                r = credential_server_new(m->event, fd, lookup_input, m, &m->credential_server);
        else {
                log_warning("The socket '%s' handed over by systemd is not known, closing it", name);
                (void) close(fd);
                return 0;
        }
        return r < 0 ? log_error_errno(r, "Cannot serve the socket '%s': %m", name) : 0;
}

static int manager_take_sockets(Manager *m) {
        char **names = NULL;
        int n, r = 0;

        n = sd_listen_fds_with_names(true, &names);
        if (n < 0)
                return log_error_errno(n, "Cannot take over the sockets from systemd: %m");
        for (int i = 0; i < n && r >= 0; i++)
                r = take_socket(m, SD_LISTEN_FDS_START + i, names[i]);
        for (int i = 0; i < n; i++)
                free(names[i]);
        free(names);
        if (r >= 0 && !m->credential_server)
                return log_error_errno(-ENOENT, "systemd has not handed over the credentials socket: start jobd by "
                                                "\"systemctl start jobd.service\", with jobd-credentials.socket");
        return r;
}

static int manager_connect(Manager *m) {
        int r;

        r = sd_bus_open_system_with_description(&m->bus, "clients");
        if (r < 0)
                return log_error_errno(r, "Cannot connect to the system bus: %m");
        (void) sd_bus_set_exit_on_disconnect(m->bus, true);
        r = bus_objects_add(m, m->bus);
        if (r < 0)
                return log_error_errno(r, "Cannot put the objects on the bus: %m");
        announcer_add_bus(m->announcer, m->bus);
        r = sd_bus_request_name_async(m->bus, NULL, JOBD_BUS_NAME, 0, NULL, NULL);
        if (r < 0)
                return log_error_errno(r, "Cannot ask for the bus name: %m");
        r = sd_bus_attach_event(m->bus, m->event, SD_EVENT_PRIORITY_NORMAL);
        return r < 0 ? log_error_errno(r, "Cannot attach the bus to the event loop: %m") : 0;
}

int manager_startup(Manager *m) {
        int r;

        r = bus_error_register();
        if (r < 0)
                return log_error_errno(r, "Cannot register the bus errors: %m");
        r = manager_take_sockets(m);
        if (r >= 0) /* before anyone is served: what was acknowledged comes first */
                r = dispatcher_recover(m->dispatcher);
        if (r >= 0)
                r = manager_connect(m);
        return r;
}

/* ---- running ---- */

bool manager_is_idle(const Manager *m) {
        return dispatcher_is_idle(m->dispatcher) && log_streams_count(m->log_streams) == 0 &&
               access_n_waiting(m->access) == 0 && !store_has_batch(m->store) &&
               (!m->direct_server || direct_server_n_connections(m->direct_server) == 0);
}

static bool is_idle(void *userdata) {
        return manager_is_idle(userdata);
}

int manager_run(Manager *m) {
        return idle_loop(m->event, m->bus, JOBD_BUS_NAME, IDLE_TIMEOUT_USEC, is_idle, m);
}

/* ---- refresh ---- */

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
                        log_event(LOG_WARNING, JOBD_MESSAGE_CLASS_REFUSED_STR, fields, "Refused a job class: %s",
                                  e->message);
                } else
                        log_event(strcmp(e->action, "warning") == 0 ? LOG_WARNING : LOG_INFO, NULL, fields,
                                  "Job %s %s: %s", e->class_path, e->action, e->message);
        }
        log_event(LOG_INFO, JOBD_MESSAGE_REFRESH_DONE_STR, done_fields,
                  "%s refreshed the registry: %u classes refused, %u lines in the report", caller, n_refused,
                  report->len);
}

static void on_refresh_committed(int r, void *userdata) {
        Manager *m = userdata;

        if (r >= 0 && m->announcer)
                announcer_signal(m->announcer, "Refreshed", NULL);
}

int manager_refresh(Manager *m, const char *caller, GPtrArray **ret_report, Refusal *refusal) {
        int r;

        r = refresh_registry(m->registry, m->loader, m->roots, now_usec(), ret_report);
        if (r < 0)
                return refuse_store(refusal, r, store_has_batch(m->store) ? store_error_text(m->store) : g_strerror(-r));
        log_report(*ret_report, caller);
        store_after_commit(m->store, on_refresh_committed, m);
        return 0;
}
