/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "escape.h"
#include "job-json.h"
#include "json.h"
#include "request-json.h"
#include "unit-property-text.h"
#include "variable.h"

#define SEALED "(sealed)"

/* ---- members ---- */

static void set_text(JsonObject *o, const char *member, const char *text) {
        g_autofree char *safe = text ? escape_text(text, -1, ESCAPE_KEEP_TAB | ESCAPE_KEEP_NEWLINE) : NULL;

        if (safe && *safe)
                json_object_set_string_member(o, member, safe);
        else
                json_object_set_null_member(o, member);
}

static void set_time(JsonObject *o, const char *member, uint64_t usec) {
        g_autofree char *text = job_json_format_time(usec);

        set_text(o, member, text);
}

static void set_seconds(JsonObject *o, const char *member, uint64_t usec) {
        if (usec % USEC_PER_SEC == 0)
                json_object_set_int_member(o, member, (int64_t) (usec / USEC_PER_SEC));
        else
                json_object_set_double_member(o, member, (double) usec / (double) USEC_PER_SEC);
}

/* ---- the request ---- */

static void add_request(JsonObject *o, const ScheduledJob *sj) {
        json_object_set_string_member(o, "id", sj->id);
        set_text(o, "name", sj->name);
        json_object_set_string_member(o, "state", scheduled_job_state_to_string(sj->state));
        set_text(o, "state_reason", sj->state_reason);
        set_text(o, "job", sj->job_name);
        set_text(o, "class_path", sj->class_path);
        set_text(o, "requester", sj->requester);
        json_object_set_int_member(o, "requester_uid", sj->requester_uid);
        set_text(o, "requested_by", sj->requested_by);
        set_text(o, "queue", sj->task_queue);
        json_object_set_string_member(o, "interval", schedule_interval_to_string(sj->interval));
        set_text(o, "crontab", sj->crontab);
        set_text(o, "time_zone", sj->time_zone);
        set_time(o, "start_time", sj->start_time);
        set_time(o, "next_run_at", sj->next_run_at);
        json_object_set_string_member(o, "missed", schedule_missed_to_string(sj->missed));
        json_object_set_boolean_member(o, "ignore_singleton", sj->ignore_singleton);
        set_time(o, "date_created", sj->date_created);
        set_time(o, "expires_at", sj->expires_at == USEC_INFINITY ? 0 : sj->expires_at);
        set_time(o, "decided_at", sj->decided_at);
        set_text(o, "digest", sj->digest);
}

/* ---- input ---- */

static bool is_file(JsonNode *value) {
        return value && JSON_NODE_HOLDS_OBJECT(value) && json_object_has_member(json_node_get_object(value), "sha256");
}

static void set_value(JsonObject *entry, JsonNode *value) {
        g_autofree char *text = variable_value_to_text(value);
        g_autofree char *safe = escape_text(text, -1, ESCAPE_KEEP_TAB | ESCAPE_KEEP_NEWLINE);

        json_object_set_boolean_member(entry, "sealed", false);
        json_object_set_member(entry, "value", json_node_copy(value));
        json_object_set_string_member(entry, "text", safe);
}

static void set_sealed(JsonObject *entry) {
        json_object_set_boolean_member(entry, "sealed", true);
        json_object_set_null_member(entry, "value");
        json_object_set_string_member(entry, "text", SEALED);
}

/* description: what variables_describe() says of it; NULL: the class has it no more. */
static void add_input(JsonArray *inputs, JsonArray *files, const char *name, JsonObject *description,
                      JsonNode *value) {
        JsonObject *entry = json_object_new();

        json_object_set_string_member(entry, "name", name);
        set_text(entry, "label", description && json_object_has_member(description, "label")
                                                 ? json_object_get_string_member(description, "label") : name);
        set_text(entry, "type", description ? json_object_get_string_member(description, "type") : NULL);
        if (value)
                set_value(entry, value);
        else
                set_sealed(entry);
        if (is_file(value)) {
                JsonNode *copy = json_node_copy(value);

                json_object_set_string_member(json_node_get_object(copy), "variable", name);
                json_array_add_element(files, copy);
        }
        json_array_add_object_element(inputs, entry);
}

/* In the order of the class; then what was given for variables that it has no more. */
static void add_inputs(JsonObject *o, const RequestView *v) {
        JsonArray *inputs = json_array_new(), *files = json_array_new();
        g_autoptr(JsonNode) described = variables_describe(v->class ? v->class->variables : NULL);
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(JsonObject) values = NULL;
        g_autoptr(GList) names = NULL;

        if (!v->sj->data || json_parse_object(v->sj->data, strlen(v->sj->data), VARIABLES_SIZE_MAX, &values, NULL) < 0)
                values = json_object_new();
        for (guint i = 0; i < json_array_get_length(json_node_get_array(described)); i++) {
                JsonObject *d = json_array_get_object_element(json_node_get_array(described), i);
                const char *name = json_object_get_string_member(d, "name");

                add_input(inputs, files, name, d, json_object_get_member(values, name));
                (void) g_hash_table_add(seen, (char *) name);
        }
        names = json_object_get_members(values);
        for (GList *l = names; l; l = l->next)
                if (!g_hash_table_contains(seen, l->data))
                        add_input(inputs, files, l->data, NULL, json_object_get_member(values, l->data));
        json_object_set_array_member(o, "inputs", inputs);
        json_object_set_array_member(o, "files", files);
}

/* ---- what will run ---- */

static void add_programs(JsonObject *o, const GPtrArray *programs) {
        JsonArray *list = json_array_new();

        for (guint i = 0; programs && i < programs->len; i++) {
                const Program *p = programs->pdata[i];
                JsonObject *entry = json_object_new();

                set_text(entry, "setting", p->setting);
                set_text(entry, "path", p->path);
                set_text(entry, "file", p->file);
                set_text(entry, "digest", p->digest);
                if (p->digest)
                        json_object_set_int_member(entry, "size", (int64_t) p->size);
                else
                        json_object_set_null_member(entry, "size");
                set_text(entry, "problem", p->problem);
                json_array_add_object_element(list, entry);
        }
        json_object_set_array_member(o, "programs", list);
}

/* A property that is there more than once, SystemCallFilter= for one: its values one after the other. */
static void add_property(JsonObject *properties, const UnitProperty *p) {
        g_autofree char *text = unit_property_to_text(p), *both = NULL;

        if (json_object_has_member(properties, p->name)) {
                both = g_strconcat(json_object_get_string_member(properties, p->name), " ; ", text, NULL);
                set_text(properties, p->name, both);
        } else if (*text)
                set_text(properties, p->name, text);
        else
                json_object_set_string_member(properties, p->name, "");
}

static char *property_text(const JobClass *class, const char *name) {
        const UnitProperty *p = unit_property_find(class->properties, name);

        return p ? unit_property_to_text(p) : NULL;
}

/* ExecStart=+... and !... (systemd.service(5)) */
static bool is_root_command(const JobClass *class) {
        const UnitProperty *p = unit_property_find(class->properties, "ExecStartEx");
        g_autoptr(GVariant) command = NULL, flags = NULL;
        g_autofree const char **names = NULL;

        if (!p || g_variant_n_children(p->value) == 0)
                return false;
        command = g_variant_get_child_value(p->value, 0);
        flags = g_variant_get_child_value(command, 2);
        names = g_variant_get_strv(flags, NULL);
        return g_strv_contains(names, "privileged") || g_strv_contains(names, "no-setuid");
}

/* Whom the command runs as. Without User= and DynamicUser= jobd gives a run a user of its own. */
static char *user_of_command(const JobClass *class) {
        g_autofree char *user = property_text(class, "User"), *dynamic = property_text(class, "DynamicUser");

        if (is_root_command(class))
                return g_strdup("root");
        if (user)
                return TAKE_PTR(user);
        return g_strdup(!dynamic || strcmp(dynamic, "yes") == 0 ? "(dynamic)" : "root");
}

static void add_class(JsonObject *o, const JobClass *class) {
        JsonObject *properties = json_object_new();
        g_autofree char *command = property_text(class, "ExecStart") ?: property_text(class, "ExecStartEx");
        g_autofree char *user = user_of_command(class);

        set_text(o, "file", class->path);
        set_text(o, "class_digest", class->digest);
        set_text(o, "command", command);
        set_text(o, "user", user);
        for (guint i = 0; i < class->properties->len; i++)
                add_property(properties, class->properties->pdata[i]);
        json_object_set_object_member(o, "properties", properties);
}

static void add_job(JsonObject *o, const Job *job, const Settings *settings) {
        JsonObject *values = json_object_new();

        set_text(o, "description", job->effective.description);
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++) {
                g_autofree char *text = job_field_format(&job->effective, f);

                set_text(values, job_field_to_string(f), text);
        }
        json_object_set_object_member(o, "settings", values);
        set_seconds(o, "soft_time_limit",
                    job->effective.soft_time_limit_usec ?: settings->default_soft_time_limit_usec);
        set_seconds(o, "time_limit", job->effective.time_limit_usec ?: settings->default_time_limit_usec);
        json_object_set_boolean_member(o, "supports_dryrun", job->supports_dryrun);
}

/* ---- answers ---- */

static void add_stages(JsonObject *o, const ScheduledJob *sj, const ApprovalRules *rules) {
        unsigned current = approval_current_stage(rules);
        JsonArray *list = json_array_new();

        for (unsigned i = 0; i < approval_n_stages(rules); i++) {
                const ApprovalStage *s = rules->stages && i < rules->stages->len ? rules->stages->pdata[i] : NULL;
                JsonObject *entry = json_object_new();

                set_text(entry, "name", s ? s->name : NULL);
                set_text(entry, "group", s ? s->group : NULL);
                json_object_set_int_member(entry, "min_approvers", approval_count_wanted(rules, i));
                json_object_set_int_member(entry, "approved", approval_count(rules, i));
                json_object_set_boolean_member(entry, "current",
                                               i == current && sj->state == SCHEDULED_JOB_PENDING);
                json_array_add_object_element(list, entry);
        }
        json_object_set_array_member(o, "stages", list);
}

static void add_answers(JsonObject *o, const ApprovalRules *rules) {
        JsonArray *list = json_array_new();

        for (guint i = 0; i < rules->approvals->len; i++) {
                const Approval *a = rules->approvals->pdata[i];
                JsonObject *entry = json_object_new();

                json_object_set_int_member(entry, "stage", a->stage);
                set_text(entry, "approver", a->approver);
                json_object_set_int_member(entry, "approver_uid", a->approver_uid);
                json_object_set_string_member(entry, "decision", a->approved ? "approved" : "denied");
                set_text(entry, "comment", a->comment);
                set_text(entry, "digest", a->digest);
                set_time(entry, "date", a->date);
                json_object_set_boolean_member(entry, "voided", a->voided);
                json_array_add_object_element(list, entry);
        }
        json_object_set_array_member(o, "answers", list);
}

char *request_to_json(const RequestView *v) {
        g_autoptr(JsonObject) o = json_object_new();
        g_autofree char *json = NULL;

        add_request(o, v->sj);
        if (v->job)
                add_job(o, v->job, v->settings);
        if (v->class)
                add_class(o, v->class);
        set_text(o, "problem", v->class_error);
        add_inputs(o, v);
        add_programs(o, v->digest ? v->digest->programs : NULL);
        add_stages(o, v->sj, v->rules);
        add_answers(o, v->rules);
        set_text(o, "changed", v->changes);
        json = json_format_object(o);
        return escape_json(json);
}
