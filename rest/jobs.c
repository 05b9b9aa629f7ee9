/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "body.h"
#include "bus.h"
#include "encode.h"
#include "job-json.h"
#include "json.h"
#include "page.h"
#include "resources.h"
#include "route.h"

/* /api/extras/jobs/ */

/* ---- the list ---- */

/*
 * jobd does not count what a caller may see, since polkit is asked about each job. So the list is read to its end: what
 * is not on the page is counted.
 */
typedef struct JobList {
        Page page;
        JsonArray *results;
        uint32_t offset;  /* of the next call */
        uint32_t counted; /* so many there are, from the page on or, when there is none of it, from the first */
        bool from_first;
} JobList;

static void job_list_free(void *p) {
        JobList *l = p;

        json_array_unref(l->results);
        g_free(l);
}

static void list_next(Request *r);

static int read_jobs(Request *r, JobList *l, sd_bus_message *m, uint32_t *ret_n) {
        uint32_t n = 0;
        int k;

        k = sd_bus_message_enter_container(m, 'a', "(oa{sv})");
        if (k < 0)
                return k;
        while ((k = sd_bus_message_enter_container(m, 'r', "oa{sv}")) > 0) {
                g_autoptr(JsonObject) job = NULL;

                k = sd_bus_message_skip(m, "o");
                if (k >= 0)
                        k = job_json_read(m, &job);
                if (k >= 0)
                        k = sd_bus_message_exit_container(m);
                if (k < 0)
                        return k;
                n++;
                if (l->from_first || json_array_get_length(l->results) == l->page.limit)
                        continue;
                encode_add_links(r, job, "jobs");
                json_array_add_object_element(l->results, TAKE_PTR(job));
        }
        if (k < 0)
                return k;
        *ret_n = n;
        return sd_bus_message_exit_container(m);
}

static void list_finish(Request *r, JobList *l) {
        int64_t count = (int64_t) l->counted + (l->from_first ? 0 : l->page.offset);
        bool more = !l->from_first && l->counted > json_array_get_length(l->results);

        page_reply(r, &l->page, count, more, json_array_ref(l->results));
}

static void on_jobs(Request *r, sd_bus_message *reply) {
        JobList *l = r->state;
        uint32_t n = 0;
        int more, k;

        k = read_jobs(r, l, reply, &n);
        if (k >= 0)
                k = sd_bus_message_read(reply, "b", &more);
        if (bus_failed(r, k))
                return;
        l->counted += n;
        l->offset += n;
        if (more)
                list_next(r);
        else if (l->counted == 0 && l->page.offset > 0 && !l->from_first) {
                l->from_first = true;
                l->offset = 0;
                list_next(r);
        } else
                list_finish(r, l);
}

static void list_next(Request *r) {
        JobList *l = r->state;
        uint32_t room = l->page.limit - json_array_get_length(l->results);
        sd_bus_message *m;
        int k;

        m = bus_message_new(r, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "ListJobs");
        if (!m)
                return;
        k = bus_open_filter(r, m);
        if (k >= 0)
                k = bus_append_option(m, "limit", "u", l->from_first || room == 0 ? PAGE_LIMIT_MAX : room);
        if (k >= 0)
                k = bus_append_option(m, "offset", "u", l->offset);
        if (k >= 0)
                k = sd_bus_message_close_container(m);
        if (k < 0) {
                sd_bus_message_unref(m);
                error_reply_errno(r, k);
                return;
        }
        bus_send(r, m, on_jobs);
}

void jobs_list(Request *r) {
        JobList *l = g_new0(JobList, 1);

        l->page = page_read(r);
        l->offset = l->page.offset;
        l->results = json_array_new();
        request_set_state(r, l, job_list_free);
        list_next(r);
}

/* ---- one job ---- */

/* What is done with the object, once it is found: the state of the request. */
typedef struct JobCall {
        void (*next)(Request *r, const char *path);
        char *path;
        JsonObject *body;
} JobCall;

static void job_call_free(void *p) {
        JobCall *c = p;

        if (c->body)
                json_object_unref(c->body);
        g_free(c->path);
        g_free(c);
}

static void found(Request *r, const char *path) {
        JobCall *c = r->state;

        c->path = g_strdup(path);
        c->next(r, c->path);
}

static void on_job_path(Request *r, sd_bus_message *reply) {
        const char *path;

        if (!bus_failed(r, sd_bus_message_read(reply, "o", &path)))
                found(r, path);
}

/* A UUID gives the object's path by itself, a name has to be looked up. */
static void find_job(Request *r, void (*next)(Request *r, const char *path), JsonObject *body) {
        JobCall *c = g_new0(JobCall, 1);
        char path[BUS_PATH_SIZE];

        c->next = next;
        c->body = body;
        request_set_state(r, c, job_call_free);
        if (bus_path_of_uuid(JOBD_JOB_PATH, r->captures[0], path) >= 0)
                found(r, path);
        else
                bus_call(r, on_job_path, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "GetJob", "s", r->captures[0]);
}

static void on_job(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonObject) job = NULL;

        if (bus_failed(r, job_json_read(reply, &job)))
                return;
        encode_add_links(r, job, "jobs");
        request_reply_object(r, MHD_HTTP_OK, TAKE_PTR(job));
}

static void retrieve(Request *r, const char *path) {
        bus_get_all(r, path, JOBD_JOB_INTERFACE, on_job);
}

void jobs_retrieve(Request *r) {
        find_job(r, retrieve, NULL);
}

static void on_deleted(Request *r, sd_bus_message *reply) {
        request_reply_json(r, MHD_HTTP_NO_CONTENT, NULL);
}

static void delete_job(Request *r, const char *path) {
        bus_call(r, on_deleted, path, JOBD_JOB_INTERFACE, "Delete", NULL);
}

void jobs_delete(Request *r) {
        find_job(r, delete_job, NULL);
}

static void on_variables(Request *r, sd_bus_message *reply) {
        JsonNode *node = NULL;
        const char *text;
        int n;

        n = sd_bus_message_read(reply, "s", &text);
        if (n >= 0)
                n = json_parse(text, strlen(text), SIZE_MAX, &node, NULL);
        if (!bus_failed(r, n))
                request_reply_json(r, MHD_HTTP_OK, node);
}

static void get_variables(Request *r, const char *path) {
        bus_call(r, on_variables, path, JOBD_JOB_INTERFACE, "GetVariables", NULL);
}

void jobs_variables(Request *r) {
        find_job(r, get_variables, NULL);
}

/* ---- changes ---- */

static const char *const override_suffix = "_override";

/* "is_singleton" and "is_singleton_override" are the reference's names for the field singleton. */
static const char *field_of_member(const char *member) {
        return g_str_has_prefix(member, "is_") ? member + strlen("is_") : member;
}

/* A value as a job file spells it. */
static char *value_format(JsonNode *node) {
        g_autoptr(GString) words = NULL;
        JsonArray *array;

        if (json_node_get_value_type(node) == G_TYPE_STRING)
                return g_strdup(json_node_get_string(node));
        if (json_node_get_value_type(node) == G_TYPE_BOOLEAN)
                return g_strdup(json_node_get_boolean(node) ? "yes" : "no");
        if (!JSON_NODE_HOLDS_ARRAY(node))
                return json_format(node);
        words = g_string_new(NULL);
        array = json_node_get_array(node);
        for (unsigned i = 0; i < json_array_get_length(array); i++)
                g_string_append_printf(words, "%s%s", i > 0 ? " " : "", json_array_get_string_element(array, i));
        return g_string_free(TAKE_PTR(words), false);
}

static int append_value(sd_bus_message *m, const char *member, JsonNode *node) {
        g_autofree char *text = value_format(node);

        return bus_append_option(m, field_of_member(member), "s", text);
}

/*
 * The reference's rule M19: a value counts with its flag only, and a flag that is taken away gives the class's value
 * back. Which flags are set already is for jobd to look at: it is told which are set and which are cleared here.
 */
static int append_changes(sd_bus_message *m, JsonObject *body) {
        g_autoptr(GString) set = g_string_new(NULL), clear = g_string_new(NULL);
        JsonObjectIter iter;
        const char *name;
        JsonNode *node;
        int n = 0;

        json_object_iter_init_ordered(&iter, body);
        while (n >= 0 && json_object_iter_next_ordered(&iter, &name, &node)) {
                if (strcmp(name, "enabled") == 0)
                        n = bus_append_option(m, name, "b", (int) json_node_get_boolean(node));
                else if (g_str_has_suffix(name, override_suffix)) {
                        GString *list = json_node_get_boolean(node) ? set : clear;
                        g_autofree char *member = g_strndup(name, strlen(name) - strlen(override_suffix));

                        g_string_append_printf(list, "%s%s", list->len > 0 ? " " : "", field_of_member(member));
                } else
                        n = append_value(m, name, node);
        }
        if (n >= 0 && set->len > 0)
                n = bus_append_option(m, "set", "s", set->str);
        if (n >= 0 && clear->len > 0)
                n = bus_append_option(m, "clear", "s", clear->str);
        return n;
}

static void on_changed(Request *r, sd_bus_message *reply) {
        JobCall *c = r->state;

        retrieve(r, c->path);
}

static void change_job(Request *r, const char *path) {
        JobCall *c = r->state;
        sd_bus_message *m;
        int n;

        m = bus_message_new(r, path, JOBD_JOB_INTERFACE, "Update");
        if (!m)
                return;
        n = sd_bus_message_open_container(m, 'a', "{sv}");
        if (n >= 0)
                n = append_changes(m, c->body);
        if (n >= 0)
                n = sd_bus_message_close_container(m);
        if (n < 0) {
                sd_bus_message_unref(m);
                error_reply_errno(r, n);
                return;
        }
        bus_send(r, m, on_changed);
}

void jobs_change(Request *r) {
        JsonObject *body = body_read(r);

        if (body)
                find_job(r, change_job, body);
}

bool jobs_change_has(Request *r, const char *field) {
        JobCall *c = r->state;

        return json_object_has_member(c->body, field);
}
