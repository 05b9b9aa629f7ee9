/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "bus-report.h"
#include "json.h"
#include "jobctl.h"
#include "names.h"
#include "objects.h"
#include "output.h"
#include "table.h"

/* The objects that variables are chosen from: models, the objects of one, import into the inventory. */

typedef struct ObjectsOptions {
        gboolean prune, dry_run;
        char *username;
} ObjectsOptions;

static void objects_options_done(ObjectsOptions *o) {
        g_free(o->username);
}

enum { FILE_SIZE_MAX = 16 * 1024 * 1024 }; /* as jobd takes it */

/* ---- models ---- */

static JsonArray *read_models(sd_bus_message *reply) {
        g_autoptr(JsonArray) models = json_array_new();
        const char *name, *source;
        uint32_t count;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssu)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ssu)", &name, &source, &count)) > 0) {
                JsonObject *o = json_object_new();

                json_object_set_string_member(o, "name", name);
                json_object_set_string_member(o, "source", source);
                if (count == UINT32_MAX)
                        json_object_set_null_member(o, "count");
                else
                        json_object_set_int_member(o, "count", count);
                json_array_add_object_element(models, o);
        }
        return r < 0 ? NULL : TAKE_PTR(models);
}

static void print_models(JsonArray *models) {
        static const char *const columns[] = { "MODEL", "OBJECTS", "SOURCE", NULL };
        _cleanup_(table_freep) Table *t = table_new(columns, TABLE_HEADINGS);

        for (unsigned i = 0; i < json_array_get_length(models); i++) {
                JsonObject *o = json_array_get_object_element(models, i);
                bool counted = !json_object_get_null_member(o, "count");
                g_autofree char *count = counted ? g_strdup_printf("%" PRId64, json_object_get_int_member(o, "count"))
                                                 : NULL;

                table_add(t, (const char *[]){ json_string(o, "name"), count, json_string(o, "source") }, 0, NULL);
        }
        table_print(t);
}

static int show_models(Jobctl *j, Connection *c) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        g_autoptr(JsonArray) models = NULL;

        int r;

        r = connection_method(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "ListObjectModels", NULL, &reply, NULL);
        if (r < 0)
                return STATUS_ERROR;
        models = read_models(reply);
        if (!models) {
                (void) report_errno(-EBADMSG, "cannot read the reply of jobd");
                return STATUS_ERROR;
        }
        if (j->json)
                print_json_array(TAKE_PTR(models));
        else
                print_models(models);
        return EXIT_SUCCESS;
}

/* ---- objects ---- */

/* Everything in one line: what is in lists with commas between, objects as JSON. */
static char *cell_text(JsonNode *node) {
        g_autoptr(GString) text = NULL;

        if (!node || JSON_NODE_HOLDS_NULL(node))
                return NULL;
        if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING)
                return json_node_dup_string(node);
        if (!JSON_NODE_HOLDS_ARRAY(node))
                return json_format(node);
        text = g_string_new(NULL);
        for (unsigned i = 0; i < json_array_get_length(json_node_get_array(node)); i++) {
                g_autofree char *one = cell_text(json_array_get_element(json_node_get_array(node), i));

                g_string_append_printf(text, "%s%s", i > 0 ? "," : "", one ?: "-");
        }
        return text->len > 0 ? g_strdup(text->str) : NULL;
}

static char **field_names(JsonArray *objects) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        GPtrArray *names = g_ptr_array_new();

        for (unsigned i = 0; i < json_array_get_length(objects); i++) {
                JsonNode *node = json_array_get_element(objects, i);
                JsonObjectIter k;
                const char *name;
                JsonNode *value;

                if (!JSON_NODE_HOLDS_OBJECT(node))
                        continue;
                json_object_iter_init_ordered(&k, json_node_get_object(node));
                while (names->len < OBJECT_COLUMNS_MAX && json_object_iter_next_ordered(&k, &name, &value))
                        if (g_hash_table_add(seen, (void *) name))
                                g_ptr_array_add(names, g_strdup(name));
        }
        g_ptr_array_add(names, NULL);
        return (char **) g_ptr_array_free(names, false);
}

static void print_objects(JsonArray *objects) {
        g_auto(GStrv) names = field_names(objects), headings = g_strdupv(names);
        unsigned n = g_strv_length(names);
        _cleanup_(table_freep) Table *t = NULL;

        if (n == 0) {
                puts("No objects.");
                return;
        }
        for (char **heading = headings; *heading; heading++)
                for (char *p = *heading; *p; p++)
                        *p = g_ascii_toupper(*p);
        t = table_new((const char *const *) headings, TABLE_HEADINGS | TABLE_CUT_LAST);
        for (unsigned i = 0; i < json_array_get_length(objects); i++) {
                JsonNode *node = json_array_get_element(objects, i);
                g_auto(GStrv) cells = g_new0(char *, n + 1);
                const char *row[OBJECT_COLUMNS_MAX];

                for (unsigned k = 0; k < n && JSON_NODE_HOLDS_OBJECT(node); k++)
                        cells[k] = cell_text(json_object_get_member(json_node_get_object(node), names[k]));
                for (unsigned k = 0; k < n; k++)
                        row[k] = cells[k];
                table_add(t, row, 0, NULL);
                for (unsigned k = 0; k < n; k++)
                        if (!cells[k]) /* g_strfreev() ends at the first NULL */
                                cells[k] = g_strdup("");
        }
        table_print(t);
}

static int show_objects(Jobctl *j, Connection *c, const char *model, const char *query) {
        g_autoptr(JsonArray) objects = NULL;

        if (objects_list(c, model, query ?: "", 0, &objects, NULL) < 0)
                return STATUS_ERROR;
        if (j->json)
                print_json_array(TAKE_PTR(objects));
        else
                print_objects(objects);
        return EXIT_SUCCESS;
}

/* ---- import ---- */

static int copy(int from, int to) {
        g_autofree char *chunk = g_malloc(64 * 1024);
        size_t size = 0;
        ssize_t n;

        while ((n = read(from, chunk, 64 * 1024)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                size += (size_t) n;
                if (size > FILE_SIZE_MAX)
                        return -EFBIG;
                for (ssize_t done = 0, k; done < n; done += k) {
                        k = write(to, chunk + done, (size_t) (n - done));
                        if (k < 0)
                                return -errno;
                }
        }
        return 0;
}

/* A copy of the file, or of standard input, that nobody can change any more: jobd takes no other. */
static int seal(const char *path, int *ret) {
        _cleanup_close_ int opened = -EBADF, memory = memfd_create("objects", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        bool is_stdin = strcmp(path, "-") == 0;
        int r;

        if (memory < 0)
                return report_errno(-errno, "cannot make a memory file");
        if (!is_stdin) {
                opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
                if (opened < 0)
                        return report_errno(-errno, "cannot open %s", path);
        }
        r = copy(is_stdin ? STDIN_FILENO : opened, memory);
        if (r == -EFBIG)
                return report_error(r, "%s has more than %i bytes, which are the most that a model may have", path,
                                    FILE_SIZE_MAX);
        if (r < 0)
                return report_errno(r, "cannot read %s", path);
        if (fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
                return report_errno(-errno, "cannot seal a memory file");
        *ret = TAKE_FD(memory);
        return 0;
}

static int request_import(Connection *c, const char *model, int fd, const ObjectsOptions *o, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = connection_message_new(c, JOBD_MANAGER_PATH, JOBD_MANAGER_INTERFACE, "ImportObjects", &call);
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "sh", model, fd);
        if (r >= 0 && o->username)
                r = sd_bus_message_append(call, "a{sv}", 3, "prune", "b", (int) o->prune, "dry_run", "b",
                                          (int) o->dry_run, "username", "s", o->username);
        else if (r >= 0)
                r = sd_bus_message_append(call, "a{sv}", 2, "prune", "b", (int) o->prune, "dry_run", "b",
                                          (int) o->dry_run);
        if (r < 0)
                return report_errno(r, "cannot make a message");
        return connection_call(c, call, model, ret);
}

static int print_counts(Jobctl *j, sd_bus_message *reply, const char *model, bool dry_run) {
        g_autoptr(JsonObject) counts = json_object_new();
        g_autoptr(GString) text = g_string_new(NULL);
        const char *name;
        uint32_t n;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{su}");
        while (r >= 0 && (r = sd_bus_message_read(reply, "{su}", &name, &n)) > 0) {
                json_object_set_int_member(counts, name, n);
                g_string_append_printf(text, "%s%" PRIu32 " %s", text->len > 0 ? ", " : "", n, name);
        }
        if (r < 0) {
                (void) report_errno(r, "cannot read the reply of jobd");
                return STATUS_ERROR;
        }
        if (j->json)
                print_json_object(TAKE_PTR(counts));
        else {
                g_autofree char *line = output_escape(text->str);

                printf("%s: %s%s.\n", model, line, dry_run ? " (nothing was changed)" : "");
        }
        return EXIT_SUCCESS;
}

static int import(Jobctl *j, Connection *c, const char *model, const char *path, const ObjectsOptions *o) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_close_ int fd = -EBADF;

        if (seal(path, &fd) < 0 || request_import(c, model, fd, o, &reply) < 0)
                return STATUS_ERROR;
        return print_counts(j, reply, model, o->dry_run);
}

/* ---- the verb ---- */

/* A wrong command line: the status to exit with; -1: it is right. */
static int check_arguments(const Verb *verb, char **arguments, const ObjectsOptions *o) {
        unsigned n = g_strv_length(arguments);
        bool is_import = strcmp(arguments[0], "import") == 0;

        if (strcmp(arguments[0], "models") == 0 && n > 1)
                return usage_error(verb, "objects models: takes no arguments.");
        if (strcmp(arguments[0], "list") == 0 && (n < 2 || n > 3))
                return usage_error(verb,
                                   "objects list: give a MODEL, and a QUERY if not all of its objects are wanted: "
                                   "jobctl objects list MODEL [QUERY]");
        if (is_import && n != 3)
                return usage_error(verb, "objects import: give a MODEL and a FILE: jobctl objects import MODEL FILE");
        if (strcmp(arguments[0], "models") != 0 && strcmp(arguments[0], "list") != 0 && !is_import)
                return usage_error(verb, "objects: there is no command \"%s\": it is models, list or import.", arguments[0]);
        if (!is_import && (o->prune || o->dry_run || o->username))
                return usage_error(verb, "objects: --prune, --dry-run and --username are for import.");
        return -1;
}

int verb_objects(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        _cleanup_(objects_options_done) ObjectsOptions o = {};
        const GOptionEntry entries[] = {
                { "prune", 0, 0, G_OPTION_ARG_NONE, &o.prune, "import: delete what the file does not have", NULL },
                { "dry-run", 0, 0, G_OPTION_ARG_NONE, &o.dry_run, "import: only say what would be done", NULL },
                { "username", 0, 0, G_OPTION_ARG_FILENAME, &o.username, "import: on behalf of this user (for root)",
                  "USER" },
                {}
        };
        char **arguments;
        int r;

        r = verb_parse(j, verb, entries, argc, argv, 1, 3, &arguments);
        if (r < 0)
                r = check_arguments(verb, arguments, &o);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0)
                return STATUS_ERROR;
        if (strcmp(arguments[0], "models") == 0)
                return show_models(j, c);
        if (strcmp(arguments[0], "list") == 0)
                return show_objects(j, c, arguments[1], arguments[2]);
        return import(j, c, arguments[1], arguments[2], &o);
}
