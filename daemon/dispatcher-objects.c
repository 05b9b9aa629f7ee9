/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "dispatcher-internal.h"
#include "log.h"
#include "variables-objects.h"

/* The objects that a run's variables are of: read when it starts, so that the job gets them as they are then. */

static JsonObject *read_input(const Run *run) {
        JsonObject *values = NULL;

        if (!run->input ||
            json_parse_object(secret_bytes(run->input), secret_size(run->input), SIZE_MAX, &values, NULL) < 0)
                return NULL;
        return values;
}

/* "var a: ...; var b: ..." */
static char *join_errors(JsonObject *errors) {
        g_autoptr(GString) text = g_string_new(NULL);
        JsonObjectIter i;
        const char *name;
        JsonNode *messages;

        json_object_iter_init_ordered(&i, errors);
        while (json_object_iter_next_ordered(&i, &name, &messages))
                g_string_append_printf(text, "%s%s: %s", text->len > 0 ? " " : "", name,
                                       json_array_get_string_element(json_node_get_array(messages), 0));
        return g_strdup(text->str);
}

static char *check_models(GHashTable *wants, const ObjectSet *set) {
        GHashTableIter i;
        void *model;

        g_hash_table_iter_init(&i, wants);
        while (g_hash_table_iter_next(&i, &model, NULL)) {
                _cleanup_(refusal_done) Refusal f = {};

                if (object_set_check(set, model, &f) < 0)
                        return TAKE_PTR(f.message);
        }
        return NULL;
}

/*
 * Of a request that nobody was there to wait for: what is stored, and in the environment, are primary keys all the
 * same.
 */
static int resolve_queries(Run *run, JsonObject **values, const ObjectSet *set, JsonObject **ret_errors) {
        g_autoptr(JsonObject) public_values = NULL;
        JsonObject *resolved;
        int r;

        r = variables_resolve_queries(run->class->variables, *values, set, &resolved, ret_errors);
        if (r <= 0)
                return r;
        json_object_unref(*values);
        *values = resolved;
        if (!run->result->data)
                return 0;
        public_values = variables_public_values(run->class->variables, resolved);
        g_free(run->result->data);
        run->result->data = json_format_object(public_values);
        return 0;
}

/* Puts the objects into the input. Returns the sentence if that cannot be. */
static char *add_objects(Run *run, const ObjectSet *set) {
        g_autoptr(JsonObject) values = read_input(run), with = NULL, errors = NULL;
        g_autoptr(GHashTable) wants = NULL;
        g_autofree char *text = NULL;
        Secret *input;
        char *problem;

        if (!values)
                return g_strdup("the input of the run cannot be understood");
        wants = variables_object_wants(run->class->variables, values);
        problem = wants ? check_models(wants, set) : NULL;
        if (problem)
                return problem;
        if (resolve_queries(run, &values, set, &errors) < 0 ||
            variables_with_objects(run->class->variables, values, set, &with, &errors) < 0)
                return join_errors(errors);
        text = json_format_object(with);
        input = secret_new(text);
        explicit_bzero(text, strlen(text));
        if (!input)
                return g_strdup("there is no memory to hold the input of the run");
        (void) secret_free(run->retry_input);
        run->retry_input = run->input;
        run->input = input;
        run->has_objects = true;
        return NULL;
}

static void on_objects_read(ObjectSet *set, void *userdata) {
        Run *run = userdata;
        g_autofree char *problem = NULL;

        run->object_request = object_request_free(run->object_request);
        problem = add_objects(run, set);
        if (problem)
                run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_NOT_RUNNABLE, problem, 0);
        else
                run_start(run);
}

/* 1: they are being read, 0: it takes none, negative errno. */
static int ask(Run *run, ObjectsRead callback) {
        g_autoptr(JsonObject) values = read_input(run);
        g_autoptr(GHashTable) wants = values ? variables_object_wants(run->class->variables, values) : NULL;
        int r;

        if (!wants)
                return 0;
        r = object_source_ask(run->dispatcher->context.object_source, wants, callback, run, &run->object_request);
        return r < 0 ? r : 1;
}

bool run_waits_for_objects(Run *run) {
        int r;

        if (run->has_objects || run->object_request)
                return run->object_request;
        r = ask(run, on_objects_read);
        if (r < 0)
                run_finish(run, JOB_RESULT_FAILURE, JOB_RESULT_REASON_NOT_RUNNABLE,
                           "too many runs wait for the objects of their variables: request it again later", 0);
        return r != 0;
}

void run_give_up_objects(Run *run) {
        if (!run->object_request)
                return;
        run->object_request = object_request_free(run->object_request);
        run_start(run);
}

/* ---- after a restart of jobd ---- */

/*
 * A run that systemd is starting: its starter may not have fetched the input yet, and what is stored of that are
 * primary keys. It may as well have started long ago; so whatever goes wrong matters only when the input is asked for.
 */
static void recovered(Run *run, char *problem) {
        Dispatcher *d = run->dispatcher;

        g_free(run->input_problem);
        run->input_problem = problem;
        run->class = job_class_free(run->class);
        d->context.hooks->input_ready(d->context.userdata);
}

static void on_objects_recovered(ObjectSet *set, void *userdata) {
        Run *run = userdata;

        run->object_request = object_request_free(run->object_request);
        recovered(run, add_objects(run, set));
}

void run_refuse_input(Run *run) {
        if (run->input_refused)
                return;
        run->input_refused = true;
        if (unit_stop(run->dispatcher->units, run->unit, true) < 0)
                log_error("Cannot stop unit %s, whose input cannot be had: %s", run->unit, run->input_problem);
}

void run_recover_objects(Run *run) {
        const Job *job = registry_find_by_id(run->dispatcher->context.registry, run->result->job_id);
        char *problem = NULL;
        int r;

        if (!run->input || !job)
                return;
        r = run_load_class(run, job, &problem);
        if (r >= 0)
                r = ask(run, on_objects_recovered);
        if (r < 0)
                recovered(run, problem ?: g_strdup_printf("the objects cannot be read: %s", g_strerror(-r)));
        else if (r == 0)
                run->class = job_class_free(run->class);
}
