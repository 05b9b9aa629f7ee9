/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chain.h"
#include "dispatcher-internal.h"
#include "log.h"
#include "store-chain.h"
#include "store-result.h"
#include "variable.h"

/* What the end of a run asks for: stored with its outcome, so that it is neither lost nor asked for twice. */

static const JobClass *load_class(Dispatcher *d, const char *class_path, JobClass **ret) {
        const RunContext *c = &d->context.run;

        return c->loader->load(c->roots, class_path, ret, NULL) < 0 ? NULL : *ret;
}

/* name -> type, borrowed from the class. */
static GHashTable *variable_types(const JobClass *class) {
        GHashTable *types = g_hash_table_new(g_str_hash, g_str_equal);

        for (guint i = 0; i < class->variables->len; i++) {
                const Variable *v = class->variables->pdata[i];

                (void) g_hash_table_insert(types, (char *) variable_name(v), (char *) variable_type_string(v));
        }
        return types;
}

static bool supports_dry_run(const JobClass *class) {
        return class && variables_support_dryrun(class->variables);
}

/* What was only tried must have no consequences: what follows is tried as well, or does not follow. */
static char *make_dry(const char *data) {
        g_autoptr(JsonObject) values = NULL;

        if (json_parse_object(data, strlen(data), SIZE_MAX, &values, NULL) < 0)
                return g_strdup(data);
        json_object_set_boolean_member(values, "dryrun", true);
        return json_format_object(values);
}

static void add_warning(Run *run, const char *warning) {
        if (!run->has_chain_warnings)
                job_result_add_warning(run->result, warning);
}

static int store_hop(Run *run, const ChainLink *link, int position, const JobResult *jr) {
        _cleanup_(job_class_freep) JobClass *target = NULL;
        g_autofree char *data = NULL, *dry_data = NULL;
        g_autoptr(GHashTable) types = NULL;
        ChainHop hop = { .position = position, .class_path = link->class_path };

        if (load_class(run->dispatcher, link->class_path, &target))
                types = variable_types(target);
        if (run->is_dry_run && !supports_dry_run(target)) {
                g_autofree char *warning = g_strdup_printf("job '%s' does not follow on a dry run: it has none itself",
                                                           link->class_path);

                add_warning(run, warning);
                return 0;
        }
        data = chain_link_data(link, jr, types);
        if (run->is_dry_run)
                dry_data = make_dry(data);
        hop.data = dry_data ?: data;
        (void) g_strlcpy(hop.result_id, jr->id, sizeof(hop.result_id));
        return store_chain_put(run->dispatcher->context.store, &hop);
}

static int store_hops(Run *run, ChainEvent event, const JobResult *jr) {
        int r = 0;

        for (guint i = 0; i < run->chain->len && r >= 0; i++) {
                const ChainLink *link = run->chain->pdata[i];

                if (link->event == event)
                        r = store_hop(run, link, (int) i, jr);
        }
        run->has_chain_warnings = true; /* stored with the outcome, or tried again with it */
        return r;
}

static bool is_dry_run(const JobClass *class, const char *data) {
        g_autoptr(JsonObject) values = NULL;

        return supports_dry_run(class) && json_parse_object(data, strlen(data), SIZE_MAX, &values, NULL) >= 0 &&
               run_request_is_dry_run(class, values);
}

void run_remember_chain(Run *run) {
        run->chain = g_ptr_array_ref(run->class->chain);
        run->is_dry_run = run->chain->len > 0 && run->input && is_dry_run(run->class, secret_bytes(run->input));
}

/* After a restart: what the class says now. */
static void find_chain(Run *run) {
        _cleanup_(job_class_freep) JobClass *class = NULL;
        const char *data = run->result->data;

        if (run->chain)
                return;
        if (!load_class(run->dispatcher, run->result->class_path, &class)) {
                run->chain = chain_new();
                if (run->has_unit)
                        add_warning(run, "what follows on it is not known: jobd was restarted while it ran, and its "
                                         "class cannot be loaded any more");
                return;
        }
        run->chain = g_ptr_array_ref(class->chain);
        /* Where nobody knows any more, better nothing follows. */
        run->is_dry_run = data ? is_dry_run(class, data) : supports_dry_run(class);
}

int run_store_chain(Run *run) {
        _cleanup_(job_result_freep) JobResult *with_result = NULL;
        const JobResult *jr = run->result;
        ChainEvent event;
        int r;

        if (jr->status == JOB_RESULT_SUCCESS)
                event = CHAIN_ON_SUCCESS;
        else if (jr->status == JOB_RESULT_FAILURE && !jr->retried_by[0])
                event = CHAIN_ON_FAILURE;
        else
                return 0;

        find_chain(run);
        if (!chain_needs_result(run->chain, event))
                return store_hops(run, event, jr);

        r = store_result_get(run->dispatcher->context.store, jr->id, &with_result);
        if (r < 0)
                return r;
        /* The store has the result that the run gave, and not yet how it ended. */
        if (r > 0 && !run->result->result)
                run->result->result = TAKE_PTR(with_result->result);
        return store_hops(run, event, jr);
}
