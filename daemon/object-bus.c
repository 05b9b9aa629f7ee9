/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>

#include "access-user.h"
#include "access.h"
#include "bus-error.h"
#include "bus-option.h"
#include "bus-reply.h"
#include "file-close.h"
#include "list.h"
#include "log.h"
#include "message-ids.h"
#include "now.h"
#include "object-bus.h"
#include "object-call.h"
#include "object-model.h"
#include "object-query.h"
#include "user.h"

/* The objects that variables are chosen from: ListObjectModels, ListObjects and ImportObjects of org.jobd1.Manager. */

enum { LIST_SIZE_MAX = 4 * 1024 * 1024 }; /* bytes of JSON in one reply, but for one object that is larger */

/* ---- models ---- */

int object_bus_list_models(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autoptr(GPtrArray) models = NULL;
        Manager *manager = userdata;
        Refusal f = {};
        int r;

        r = inventory_list(manager->inventory, &models);
        if (r < 0)
                return bus_refuse(error, refuse_store(&f, r, store_error_text(manager->store)), &f);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssu)");
        for (const char *const *name = host_models; *name && r >= 0; name++)
                r = sd_bus_message_append(reply, "(ssu)", *name, "host", UINT32_MAX);
        for (guint i = 0; i < models->len && r >= 0; i++) {
                const InventoryModel *model = models->pdata[i];

                r = sd_bus_message_append(reply, "(ssu)", model->name, model->source,
                                          model->problem ? UINT32_MAX : (uint32_t) model->count);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(sd_bus_message_get_bus(m), reply, NULL);
}

/* ---- objects ---- */

typedef struct ListObjects {
        const char *model;
        JsonObject *lookups;
        uint32_t limit, offset;
} ListObjects;

static void list_objects_done(ListObjects *l) {
        g_clear_pointer(&l->lookups, json_object_unref);
}

static int parse_query(const char *text, JsonObject **ret, sd_bus_error *error) {
        g_autofree char *problem = NULL;

        if (text[0] == '\0') {
                *ret = json_object_new();
                return 0;
        }
        if (json_parse_object(text, strlen(text), JSON_SIZE_MAX, ret, &problem) >= 0)
                return 0;
        return sd_bus_error_setf(error, BUS_ERROR_INVALID_QUERY, "the query is refused: %s", problem);
}

static int read_list_objects(sd_bus_message *m, ListObjects *l, sd_bus_error *error) {
        static const BusOption table[] = {
                { "limit", 'u', offsetof(ListObjects, limit), NULL, NULL },
                { "offset", 'u', offsetof(ListObjects, offset), NULL, NULL },
        };
        const char *query;
        int r;

        r = sd_bus_message_read(m, "ss", &l->model, &query);
        if (r >= 0)
                r = bus_options_read(m, table, ELEMENTSOF(table), l, error);
        if (r >= 0)
                r = list_check_limit(l->limit, error);
        if (r < 0)
                return r;
        if (!host_model_key(l->model) && !inventory_model_name_is_valid(l->model))
                return sd_bus_error_set(
                                error, BUS_ERROR_NO_SUCH_MODEL,
                                "there is no model of that name: \"jobctl objects models\" shows those there are");
        return parse_query(query, &l->lookups, error);
}

/* Who asks for one by its primary key finds it as the variable of a job would. */
static GHashTable *wants_of(const ListObjects *l) {
        GHashTable *wants = object_wants_new();
        const char *key = host_model_key(l->model);
        JsonNode *value = key ? json_object_get_member(l->lookups, key) : NULL;

        object_wants_add(wants, l->model, NULL);
        if (value && JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_STRING)
                object_wants_add(wants, l->model, json_node_get_string(value));
        return wants;
}

/* A page of those that fit, as JSON. */
static char *collect(const ListObjects *l, const ObjectQuery *q, JsonArray *objects, bool *ret_more) {
        g_autoptr(GString) text = g_string_new("[");
        uint32_t n = 0, skipped = 0;

        *ret_more = false;
        for (unsigned i = 0; i < json_array_get_length(objects); i++) {
                JsonNode *object = json_array_get_element(objects, i);
                g_autofree char *one = NULL;

                if (!object_query_matches(q, object) || (skipped < l->offset && skipped++ < l->offset))
                        continue;
                if (n == l->limit || text->len > LIST_SIZE_MAX) {
                        *ret_more = true;
                        break;
                }
                one = json_format(object);
                g_string_append_printf(text, "%s%s", n++ > 0 ? "," : "", one);
        }
        g_string_append_c(text, ']');
        return g_string_free(TAKE_PTR(text), false);
}

int object_bus_list(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(list_objects_done) ListObjects l = { .limit = LIST_LIMIT_DEFAULT };
        _cleanup_(object_query_freep) ObjectQuery *q = NULL;
        g_autofree char *problem = NULL, *text = NULL;
        uint64_t budget = OBJECT_QUERY_STEPS_MAX;
        Manager *manager = userdata;
        JsonArray *objects;
        Refusal f = {};
        ObjectSet *set;
        bool more;
        int r;

        r = read_list_objects(m, &l, error);
        if (r < 0)
                return r;
        set = object_call_objects(manager, m);
        if (!set) {
                g_autoptr(GHashTable) wants = wants_of(&l);

                return object_call_wait(manager, m, wants, error);
        }
        r = object_set_check(set, l.model, &f);
        if (r < 0)
                return bus_refuse(error, r, &f);
        objects = object_list_objects(object_set_find(set, l.model));
        if (object_query_new(l.lookups, objects, &budget, &q, &problem) < 0)
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_QUERY, "the query is refused: %s", problem);
        text = collect(&l, q, objects, &more);
        if (budget == 0)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_QUERY, "the query is refused: " OBJECT_QUERY_TOO_LONG);
        return sd_bus_reply_method_return(m, "sb", text, (int) more);
}

/* ---- import ---- */

typedef struct ImportOptions {
        int prune, dry_run;
        const char *username;
} ImportOptions;

/*
 * For whom objects are imported: the job that does it runs as root, whoever has asked for the run, and nobody shall
 * change by it what they may not change themselves. 0: go on, 1: put off, negative errno: the error is set.
 */
static int check_user(Manager *manager, sd_bus_message *m, const char *username, const char *model, char **ret_name,
                      sd_bus_error *error) {
        g_autofree char *what = NULL;
        uint32_t uid;

        if (access_caller_uid(manager->access, m) != 0)
                return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "option 'username' is for root");
        if (user_find(username, &uid, ret_name) < 0)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_USER, "there is no user '%s'", username);
        switch (access_may_user_change_objects(manager->access, m, uid, model)) {
        case ACCESS_ALLOWED:
                return 0;
        case ACCESS_UNKNOWN:
                return access_wait(manager->access, m);
        case ACCESS_FAILED:
                return access_fail_list(ACCESS_FAILED, error);
        default:
                what = g_strdup_printf("change objects of model %s", model);
                access_log_user_denied(manager->access, *ret_name, "org.jobd1.change-object", what);
                return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
                                         "User \"%s\" does not have permission to change objects of model '%s': an "
                                         "administrator can permit the polkit action org.jobd1.change-object",
                                         *ret_name, model);
        }
}

/*
 * A memory file that nobody can change any more: to read it never waits, whoever has made it. A file of a disk, or of
 * a file system that its owner serves, could.
 */
static int read_sealed(int fd, char **ret_text, size_t *ret_size, sd_bus_error *error) {
        static const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
        int seals = fcntl(fd, F_GET_SEALS), r;

        if (seals < 0 || (seals & wanted) != wanted)
                return sd_bus_error_set(
                                error, BUS_ERROR_INVALID_FILE,
                                "the objects must come in a memory file (memfd_create(2)) that is sealed against "
                                "writing, shrinking and growing: use \"jobctl objects import\"");
        r = inventory_file_read(fd, ret_text, ret_size);
        if (r == -EFBIG)
                return sd_bus_error_setf(error, BUS_ERROR_DATA_TOO_LARGE,
                                         "the objects have more than %i bytes, which are the most that a model may have",
                                         INVENTORY_SIZE_MAX);
        return r;
}

static int append_counts(sd_bus_message *reply, const InventoryCounts *c) {
        return sd_bus_message_append(reply, "a{su}", 4, "created", (uint32_t) c->n_created, "updated",
                                     (uint32_t) c->n_updated, "deleted", (uint32_t) c->n_deleted, "unchanged",
                                     (uint32_t) c->n_unchanged);
}

typedef struct Imported {
        char *caller, *text;
} Imported;

static void on_imported(int r, void *userdata) {
        Imported *i = userdata;
        g_autofree char *field = g_strdup_printf("JOB_CALLER=%s", i->caller);
        const char *fields[] = { field, NULL };

        if (r >= 0)
                log_event(LOG_NOTICE, JOBD_MESSAGE_OBJECTS_IMPORTED_STR, fields, "%s", i->text);
        g_free(i->caller);
        g_free(i->text);
        g_free(i);
}

static void log_import(Manager *manager, const char *caller, const char *model, const InventoryCounts *c) {
        Imported *i = g_new(Imported, 1);

        i->caller = g_strdup(caller);
        i->text = g_strdup_printf(
                        "%s imported objects of model '%s': %u created, %u updated, %u deleted, %u unchanged",
                        i->caller, model, c->n_created, c->n_updated, c->n_deleted, c->n_unchanged);
        store_after_commit(manager->store, on_imported, i);
}

static int import(Manager *manager, sd_bus_message *m, const InventoryImport *import, const char *caller,
                  sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        InventoryCounts counts;
        Refusal f = {};
        int r;

        r = inventory_import(manager->inventory, import, &counts, &f);
        if (r < 0)
                return bus_refuse(error, r, &f);
        if (!import->dry_run)
                log_import(manager, caller, import->model, &counts);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_counts(reply, &counts);
        if (r < 0)
                return r;
        return bus_reply_after_commit(manager, m, TAKE_PTR(reply));
}

int object_bus_import(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        static const BusOption table[] = {
                { "prune", 'b', offsetof(ImportOptions, prune), NULL, NULL },
                { "dry_run", 'b', offsetof(ImportOptions, dry_run), NULL, NULL },
                { "username", 's', offsetof(ImportOptions, username), NULL, NULL },
        };
        g_autofree char *text = NULL, *caller = NULL;
        Manager *manager = userdata;
        ImportOptions options = {};
        const char *model;
        size_t size;
        int fd, r;

        r = sd_bus_message_read(m, "sh", &model, &fd);
        if (r >= 0)
                r = bus_options_read(m, table, ELEMENTSOF(table), &options, error);
        if (r < 0)
                return r;
        if (options.username) {
                r = check_user(manager, m, options.username, model, &caller, error);
                if (r != 0)
                        return r;
        }
        r = read_sealed(fd, &text, &size, error);
        file_close_of_message(manager->event, m, &fd, 1);
        if (r < 0)
                return r;
        if (!caller)
                caller = access_caller_name(manager->access, m);
        return import(manager, m,
                      &(InventoryImport){ model, text, size, options.prune, options.dry_run, now_usec() }, caller,
                      error);
}
