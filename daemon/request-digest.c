/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "request-digest.h"
#include "unit-property-text.h"
#include "variable.h"

static void fact_free_func(void *p) {
        RequestFact *f = p;

        g_free(f->kind);
        g_free(f->name);
        g_free(f->value);
        g_free(f);
}

void request_digest_done(RequestDigest *d) {
        g_clear_pointer(&d->facts, g_ptr_array_unref);
        g_clear_pointer(&d->programs, g_ptr_array_unref);
        g_clear_pointer(&d->digest, g_free);
}

/* ---- collecting ---- */

static char *sha256(const char *text) {
        g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

        return g_strconcat("sha256:", digest, NULL);
}

static void add(GPtrArray *facts, const char *kind, const char *name, const char *value) {
        RequestFact *f;

        f = g_new(RequestFact, 1);
        f->kind = g_strdup(kind);
        f->name = g_strdup(name);
        f->value = strlen(value) > REQUEST_FACT_VALUE_MAX ? sha256(value) : g_strdup(value);
        g_ptr_array_add(facts, f);
}

static void add_number(GPtrArray *facts, const char *kind, const char *name, uint64_t value) {
        g_autofree char *text = g_strdup_printf("%" PRIu64, value);

        add(facts, kind, name, text);
}

/* When it is to run belongs to it: nobody shall have a run approved for tonight and then every minute. */
static void add_request(GPtrArray *facts, const ScheduledJob *sj) {
        add(facts, "request", "requester", sj->requester);
        add_number(facts, "request", "requester_uid", sj->requester_uid);
        add(facts, "request", "requested_by", sj->requested_by);
        add(facts, "request", "queue", sj->task_queue);
        add(facts, "request", "interval", schedule_interval_to_string(sj->interval));
        add(facts, "request", "crontab", sj->crontab);
        add(facts, "request", "time_zone", sj->time_zone);
        add_number(facts, "request", "start_time", sj->start_time);
        add(facts, "request", "missed", schedule_missed_to_string(sj->missed));
        add(facts, "request", "ignore_singleton", sj->ignore_singleton ? "yes" : "no");
        add(facts, "request", "stages", sj->stages);
}

/* As stored: each value by itself, so that it can be said which one is another. */
static void add_input(GPtrArray *facts, const ScheduledJob *sj) {
        g_autoptr(JsonObject) values = NULL;
        g_autofree char *sealed = NULL;
        g_autoptr(GList) names = NULL;

        if (sj->sealed) {
                sealed = sha256(sj->sealed);
                add(facts, "input", "(sealed)", sealed);
        }
        if (!sj->data)
                return;
        if (json_parse_object(sj->data, strlen(sj->data), VARIABLES_SIZE_MAX, &values, NULL) < 0) {
                add(facts, "input", "(data)", sj->data);
                return;
        }
        names = json_object_get_members(values);
        for (GList *l = names; l; l = l->next) {
                g_autofree char *text = json_format(json_object_get_member(values, l->data));

                add(facts, "input", l->data, text);
        }
}

static void add_settings(GPtrArray *facts, const Job *job) {
        for (JobField f = 0; f < _JOB_FIELD_MAX; f++) {
                g_autofree char *text = job_field_format(&job->effective, f);

                add(facts, "setting", job_field_to_string(f), text);
        }
}

static void add_properties(GPtrArray *facts, const JobClass *class) {
        for (guint i = 0; i < class->properties->len; i++) {
                const UnitProperty *p = class->properties->pdata[i];
                g_autofree char *text = unit_property_to_text(p);

                add(facts, "property", p->name, text);
        }
}

static void add_programs(GPtrArray *facts, const GPtrArray *programs) {
        for (guint i = 0; i < programs->len; i++) {
                const Program *p = programs->pdata[i];
                g_autofree char *name = g_strdup_printf("%s=%s", p->setting, p->path);
                g_autofree char *value = p->digest ? g_strconcat(p->file, " ", p->digest, NULL)
                                                   : g_strconcat("not readable: ", p->problem, NULL);

                add(facts, "program", name, value);
        }
}

/* Each text with its length before it: no two lists give the same bytes. */
static void update(GChecksum *checksum, const char *text) {
        g_autofree char *size = g_strdup_printf("%zu:", strlen(text));

        g_checksum_update(checksum, (const guchar *) size, -1);
        g_checksum_update(checksum, (const guchar *) text, -1);
}

static char *digest_of(const GPtrArray *facts) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

        for (guint i = 0; i < facts->len; i++) {
                const RequestFact *f = facts->pdata[i];

                update(checksum, f->kind);
                update(checksum, f->name);
                update(checksum, f->value);
        }
        return g_strdup(g_checksum_get_string(checksum));
}

void request_digest_make(ProgramCache *cache, const ScheduledJob *sj, const Job *job, const JobClass *class,
                         RequestDigest *ret) {
        g_autoptr(GPtrArray) facts = g_ptr_array_new_with_free_func(fact_free_func);

        ret->programs = programs_read(cache, class->properties);
        add_request(facts, sj);
        add_input(facts, sj);
        add(facts, "class", class->path, class->digest);
        add_settings(facts, job);
        add_properties(facts, class);
        add_programs(facts, ret->programs);
        ret->digest = digest_of(facts);
        ret->facts = TAKE_PTR(facts);
}

const Program *request_digest_find_problem(const RequestDigest *d) {
        for (guint i = 0; i < d->programs->len; i++) {
                const Program *p = d->programs->pdata[i];

                if (p->problem && !p->may_fail)
                        return p;
        }
        return NULL;
}

/* ---- as they are stored ---- */

char *request_facts_format(const GPtrArray *facts) {
        g_autoptr(JsonNode) node = json_node_alloc();
        g_autoptr(JsonArray) list = json_array_new();

        for (guint i = 0; i < facts->len; i++) {
                const RequestFact *f = facts->pdata[i];
                JsonArray *entry = json_array_new();

                json_array_add_string_element(entry, f->kind);
                json_array_add_string_element(entry, f->name);
                json_array_add_string_element(entry, f->value);
                json_array_add_array_element(list, entry);
        }
        return json_format(json_node_init_array(node, list));
}

static const char *text_element(JsonArray *list, guint i) {
        JsonNode *node = json_array_get_element(list, i);

        return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
                        ? json_node_get_string(node)
                        : NULL;
}

static int parse_fact(JsonNode *node, GPtrArray *facts) {
        const char *texts[3];
        RequestFact *f;

        if (!JSON_NODE_HOLDS_ARRAY(node) || json_array_get_length(json_node_get_array(node)) != ELEMENTSOF(texts))
                return -EINVAL;
        for (guint i = 0; i < ELEMENTSOF(texts); i++) {
                texts[i] = text_element(json_node_get_array(node), i);
                if (!texts[i])
                        return -EINVAL;
        }
        f = g_new(RequestFact, 1);
        *f = (RequestFact){ g_strdup(texts[0]), g_strdup(texts[1]), g_strdup(texts[2]) };
        g_ptr_array_add(facts, f);
        return 0;
}

int request_facts_parse(const char *json, GPtrArray **ret) {
        g_autoptr(GPtrArray) facts = g_ptr_array_new_with_free_func(fact_free_func);
        g_autoptr(JsonNode) node = NULL;
        JsonArray *list;
        int r;

        r = json_parse(json, strlen(json), REQUEST_FACTS_SIZE_MAX, &node, NULL);
        if (r < 0 || !JSON_NODE_HOLDS_ARRAY(node))
                return -EINVAL;
        list = json_node_get_array(node);
        for (guint i = 0; i < json_array_get_length(list); i++) {
                r = parse_fact(json_array_get_element(list, i), facts);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(facts);
        return 0;
}

/* ---- what has changed ---- */

/* Some names occur more than once (SystemCallFilter=): the n-th is compared with the n-th. */
static const RequestFact *find(const GPtrArray *facts, const RequestFact *wanted, unsigned n) {
        for (guint i = 0; i < facts->len; i++) {
                const RequestFact *f = facts->pdata[i];

                if (strcmp(f->kind, wanted->kind) == 0 && strcmp(f->name, wanted->name) == 0 && n-- == 0)
                        return f;
        }
        return NULL;
}

static unsigned number_of(const GPtrArray *facts, guint index) {
        const RequestFact *f = facts->pdata[index];
        unsigned n = 0;

        for (guint i = 0; i < index; i++) {
                const RequestFact *other = facts->pdata[i];

                n += strcmp(other->kind, f->kind) == 0 && strcmp(other->name, f->name) == 0;
        }
        return n;
}

static bool is_shown(const RequestFact *f) {
        return f && !g_str_has_prefix(f->value, "sha256:") && strlen(f->value) <= 64;
}

/* before or now is NULL for what is new or gone. */
static char *describe(const RequestFact *before, const RequestFact *now) {
        const RequestFact *f = now ?: before;
        const char *how = !before ? "was added" : !now ? "was removed" : "is another";

        if (strcmp(f->kind, "program") == 0) {
                if (now && g_str_has_prefix(now->value, "not readable: "))
                        return g_strdup_printf("the program of %s is %s", f->name, now->value);
                return g_strdup_printf("the program of %s %s", f->name, how);
        }
        if (strcmp(f->kind, "class") == 0)
                return g_strdup_printf("the job class %s %s", f->name, before && now ? "was edited" : how);
        if (strcmp(f->kind, "input") == 0)
                return g_strdup_printf("the input '%s' %s", f->name, how);
        if (is_shown(before) && is_shown(now))
                return g_strdup_printf("%s%s was \"%s\" and is \"%s\"", f->name,
                                       strcmp(f->kind, "property") == 0 ? "=" : "", before->value, now->value);
        return g_strdup_printf("%s%s %s", f->name, strcmp(f->kind, "property") == 0 ? "=" : "", how);
}

static void add_change(GString *text, unsigned *n, char *change) {
        g_autofree char *owned = change;

        (*n)++;
        if (*n <= REQUEST_CHANGES_MAX)
                g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "", owned);
}

char *request_facts_compare(const GPtrArray *before, const GPtrArray *now) {
        g_autoptr(GString) text = g_string_new(NULL);
        unsigned n = 0;

        for (guint i = 0; i < now->len; i++) {
                const RequestFact *f = now->pdata[i], *old = find(before, f, number_of(now, i));

                if (!old || strcmp(old->value, f->value) != 0)
                        add_change(text, &n, describe(old, f));
        }
        for (guint i = 0; i < before->len; i++)
                if (!find(now, before->pdata[i], number_of(before, i)))
                        add_change(text, &n, describe(before->pdata[i], NULL));

        if (n > REQUEST_CHANGES_MAX)
                g_string_append_printf(text, "; and %u more", n - REQUEST_CHANGES_MAX);
        return n > 0 ? g_strdup(text->str) : NULL;
}
