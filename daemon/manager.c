/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "access.h"
#include "announcer.h"
#include "bus-error.h"
#include "bus-objects.h"
#include "chain-runner.h"
#include "cleaner.h"
#include "credential.h"
#include "direct.h"
#include "idle.h"
#include "input-files.h"
#include "job-removal.h"
#include "job-result-bus.h"
#include "listen.h"
#include "log.h"
#include "manager-approvals.h"
#include "manager-refresh.h"
#include "manager-schedules.h"
#include "manager-store.h"
#include "manager.h"
#include "names.h"
#include "object-source.h"
#include "outputs.h"
#include "run-bus.h"
#include "run-token.h"
#include "seal.h"
#include "time-span.h"

#define IDLE_TIMEOUT_USEC (30 * USEC_PER_SEC)

/* ---- what is announced ---- */

static void on_result_added(const JobResult *jr, void *userdata) {
        Manager *m = userdata;

        announcer_signal(m->announcer, "JobResultNew", JOBD_RESULT_PATH, jr->id);
}

static void on_result_changed(const JobResult *jr, void *userdata) {
        Manager *m = userdata;

        announcer_changed(m->announcer, JOBD_RESULT_PATH, jr->id, JOBD_RESULT_INTERFACE,
                          job_result_bus_changing_properties);
        if (!job_result_status_is_final(jr->status))
                return;
        log_streams_run_ended(m->log_streams, jr->id);
        chain_runner_follow(m->chain_runner, jr->id);
}

static void on_input_ready(void *userdata) {
        Manager *m = userdata;

        if (m->credential_server)
                credential_server_retry(m->credential_server);
}

static void on_result_cleaned(const char *result_id, void *userdata) {
        Manager *m = userdata;

        announcer_signal(m->announcer, "JobResultRemoved", JOBD_RESULT_PATH, result_id);
        outputs_removal_is_due(m->outputs);
}

static void on_schedule_cleaned(const char *scheduled_job_id, void *userdata) {
        Manager *m = userdata;

        announcer_signal(m->announcer, "ScheduledJobRemoved", JOBD_SCHEDULE_PATH, scheduled_job_id);
}

static const DispatcherHooks dispatcher_hooks = { on_result_added, on_result_changed, on_input_ready, manager_may_start,
                                                 manager_recover_input };

/* ---- the direct socket ---- */

static int on_direct_connected(sd_bus *bus, void *userdata) {
        Manager *m = userdata;
        int r;

        r = bus_objects_add(m, bus);
        if (r >= 0)
                r = run_bus_add(m, bus);
        if (r < 0)
                return r;
        announcer_add_bus(m->announcer, bus);
        return 0;
}

static int on_other_connected(sd_bus *bus, void *userdata) {
        Manager *m = userdata;
        int r;

        r = access_guard(m->access, bus);
        return r < 0 ? r : run_bus_add(m, bus);
}

static void on_direct_disconnected(sd_bus *bus, void *userdata) {
        Manager *m = userdata;

        announcer_remove_bus(m->announcer, bus);
}

static const DirectCallbacks direct_callbacks = {
        .connected = on_direct_connected,
        .connected_other = on_other_connected,
        .disconnected = on_direct_disconnected,
};

/* ---- making it ---- */

static const char *state_directory(void) {
        return getenv("STATE_DIRECTORY") ?: "/var/lib/jobd";
}

static void manager_load_settings(Manager *m) {
        g_autoptr(GPtrArray) problems = NULL;

        m->settings = settings_load("", &problems);
        for (guint i = 0; i < problems->len; i++)
                log_warning("%s; ignoring it", (const char *) problems->pdata[i]);
        m->loader = &job_file_loader;
        m->roots = job_class_default_roots;
}

static int make_chain_runner(Manager *m) {
        const ChainRunnerContext context = {
                .event = m->event,
                .store = m->store,
                .registry = m->registry,
                .dispatcher = m->dispatcher,
                .access = m->access,
                .run = { m->settings, m->loader, m->roots, 0 },
                .request_approval = manager_request_approval,
                .userdata = m,
        };

        return chain_runner_new(&context, &m->chain_runner);
}

static int manager_make_parts(Manager *m) {
        DispatcherContext dispatcher = {
                .event = m->event,
                .store = m->store,
                .registry = m->registry,
                .queues = m->queues,
                .run = { m->settings, m->loader, m->roots, 0 },
                .hooks = &dispatcher_hooks,
                .userdata = m,
        };
        int r;

        m->inventory = inventory_new(m->store, JOBD_OBJECTS_DIRECTORY);
        r = object_source_new(m->event, JOBD_OBJECTS_PATH, m->inventory, &m->object_source);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the event loop: %m");
        dispatcher.object_source = m->object_source;
        m->log_streams = log_streams_new(m->event);
        m->announcer = announcer_new(m->event);
        if (!m->announcer)
                return log_error_errno(-ENOMEM, "Cannot set up the event loop: %m");
        r = sealer_new(m->event, &m->sealer);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the event loop: %m");
        r = input_files_new(m->event, state_directory(), m->store, m->settings, &m->input_files);
        if (r < 0)
                return r;
        dispatcher.files = m->input_files;
        r = dispatcher_new(&dispatcher, &m->dispatcher);
        if (r < 0)
                return log_error_errno(r, "Cannot connect to the system bus: %m");
        r = access_new(&(AccessContext){ m->event, m->registry, m->queues, m->dispatcher, m->settings, m->store }, &m->access);
        if (r < 0)
                return log_error_errno(r, "Cannot connect to the system bus: %m");
        r = make_chain_runner(m);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the event loop: %m");
        r = manager_make_scheduler(m);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the event loop: %m");
        manager_make_approvals(m);
        r = job_removal_new(m->event, m->store, &m->job_removal);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the event loop: %m");
        r = run_key_load(state_directory(), &m->run_key);
        if (r < 0)
                return log_error_errno(r, "Cannot read or make the key of runs, %s/run.key: %m", state_directory());
        if (r > 0)
                log_info("Made a new key for the tokens of runs");
        m->cleaner = cleaner_new(&(CleanerContext){
                        .event = m->event,
                        .store = m->store,
                        .registry = m->registry,
                        .settings = m->settings,
                        .loader = m->loader,
                        .roots = m->roots,
                        .removed = on_result_cleaned,
                        .schedule_removed = on_schedule_cleaned,
                        .userdata = m,
        });
        return outputs_new(m->event, state_directory(), m->store, m->dispatcher, &m->outputs);
}

int manager_new(Manager **ret, char **ret_problem) {
        _cleanup_(manager_freep) Manager *m = NULL;
        bool migrated = false;
        int r;

        m = g_new0(Manager, 1);
        r = event_loop_new(&m->event);
        if (r < 0)
                return r;
        manager_load_settings(m);
        r = manager_open_store(m, state_directory(), &migrated, ret_problem);
        if (r >= 0)
                r = manager_make_parts(m);
        if (r < 0)
                return r;

        if (migrated) { /* as the reference does after each migration */
                _cleanup_(refusal_done) Refusal f = {};

                if (manager_refresh(m, "jobd", &m->first_report, &f) < 0)
                        log_error("Cannot refresh the registry: %s", f.message);
        }
        *ret = TAKE_PTR(m);
        return 0;
}

Manager *manager_free(Manager *m) {
        if (!m)
                return NULL;
        if (m->dispatcher)
                dispatcher_flush_reports(m->dispatcher);
        if (m->store)
                (void) store_flush(m->store);
        if (m->cleaner)
                (void) cleaner_free(m->cleaner);
        (void) job_removal_free(m->job_removal);
        (void) outputs_free(m->outputs);
        (void) approvals_free(m->approvals);
        (void) scheduler_free(m->scheduler);
        (void) direct_server_free(m->direct_server);
        (void) credential_server_free(m->credential_server);
        (void) chain_runner_free(m->chain_runner);
        (void) access_free(m->access);
        (void) dispatcher_free(m->dispatcher);
        (void) input_files_free(m->input_files);
        (void) sealer_free(m->sealer);
        g_clear_pointer(&m->sealing, g_ptr_array_unref);
        g_clear_pointer(&m->unsealing, g_ptr_array_unref);
        (void) object_source_free(m->object_source);
        (void) inventory_free(m->inventory);
        (void) log_streams_free(m->log_streams);
        if (m->bus)
                (void) sd_bus_flush_close_unref(m->bus);
        (void) announcer_free(m->announcer);
        (void) registry_free(m->registry);
        (void) job_queues_free(m->queues);
        (void) sd_event_source_disable_unref(m->commit_source);
        (void) store_close(m->store);
        (void) settings_free(m->settings);
        (void) run_key_free(m->run_key);
        (void) secret_free(m->run_token);
        g_clear_pointer(&m->first_report, g_ptr_array_unref);
        (void) sd_event_unref(m->event);
        g_free(m);
        return NULL;
}

/* ---- starting up ---- */

static const Secret *lookup_credential(const char *unit, const char *credential, bool *ret_later, void *userdata) {
        Manager *m = userdata;

        if (strcmp(credential, JOBD_CREDENTIAL_DATA) == 0)
                return dispatcher_find_input(m->dispatcher, unit, ret_later);
        if (strcmp(credential, JOBD_CREDENTIAL_TOKEN) == 0)
                return run_bus_token(m, unit);
        return dispatcher_find_file(m->dispatcher, unit, credential);
}

static int manager_take_sockets(Manager *m) {
        _cleanup_(listen_sockets_done) ListenSockets s = { -EBADF, -EBADF };
        int r;

        r = listen_sockets_take(&s);
        if (r < 0)
                return r;
        if (s.credentials < 0)
                return log_error_errno(-ENOENT, "systemd has not handed over the credentials socket: start jobd by "
                                                "\"systemctl start jobd.service\", with jobd-credentials.socket");
        r = credential_server_new(m->event, TAKE_FD(s.credentials), lookup_credential, m, &m->credential_server);
        if (r >= 0 && s.direct >= 0)
                r = direct_server_new(m->event, TAKE_FD(s.direct), &direct_callbacks, m, &m->direct_server);
        return r < 0 ? log_error_errno(r, "Cannot serve the sockets: %m") : 0;
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
        r = sd_bus_request_name_async(m->bus, NULL, JOBD_BUS_NAME, JOBD_BUS_NAME_FLAGS, NULL, NULL);
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
        manager_make_queues(m, "jobd");
        if (r >= 0) /* before anyone is served: what was acknowledged comes first */
                r = dispatcher_recover(m->dispatcher);
        if (r >= 0)
                scheduler_start(m->scheduler);
        if (r >= 0)
                r = manager_connect(m);
        if (r >= 0)
                chain_runner_follow(m->chain_runner, NULL);
        return r;
}

/* ---- running ---- */

bool manager_is_idle(const Manager *m) {
        return dispatcher_is_idle(m->dispatcher) && log_streams_count(m->log_streams) == 0 &&
               access_n_waiting(m->access) == 0 && !store_has_batch(m->store) && outputs_is_idle(m->outputs) &&
               chain_runner_is_idle(m->chain_runner) &&
               input_files_is_idle(m->input_files) && sealer_is_idle(m->sealer) && scheduler_is_idle(m->scheduler) &&
               cleaner_is_idle(m->cleaner) && job_removal_is_idle(m->job_removal) &&
               (!m->direct_server || direct_server_n_connections(m->direct_server) == 0);
}

static bool is_idle(void *userdata) {
        return manager_is_idle(userdata);
}

static void leaving(void *userdata) {
        Manager *m = userdata;

        if (m->direct_server)
                direct_server_stop_accepting(m->direct_server);
        cleaner_stop(m->cleaner);
        dispatcher_leave(m->dispatcher);
        scheduler_leave(m->scheduler);
}

/* Runs go on without us, and who follows a log comes back; what is left is what nobody could take up again. */
static bool may_leave(void *userdata) {
        Manager *m = userdata;

        return access_n_waiting(m->access) == 0 && !store_has_batch(m->store) &&
               dispatcher_may_leave(m->dispatcher) && log_streams_count_finite(m->log_streams) == 0 &&
               !announcer_has_changes(m->announcer) && outputs_is_idle(m->outputs) &&
               input_files_is_idle(m->input_files) && sealer_is_idle(m->sealer) && scheduler_may_leave(m->scheduler);
}

static void too_late(void *userdata) {
        Manager *m = userdata;

        access_refuse_waiting(m->access);
}

static uint64_t idle_timeout(void) {
        const char *text = getenv("JOBD_IDLE_TIMEOUT_SEC");
        uint64_t usec;

        if (!text)
                return IDLE_TIMEOUT_USEC;
        if (time_span_parse(text, USEC_PER_SEC, &usec) < 0) {
                log_warning("JOBD_IDLE_TIMEOUT_SEC=%s in the environment is not a time span, ignoring it", text);
                return IDLE_TIMEOUT_USEC;
        }
        return usec;
}

int manager_run(Manager *m) {
        static const IdleCallbacks callbacks = { is_idle, leaving, may_leave, too_late };
        int r;

        r = idle_loop(m->event, m->bus, JOBD_BUS_NAME, idle_timeout(), &callbacks, m);
        return r == 0 ? scheduler_end(m->scheduler) : r;
}
