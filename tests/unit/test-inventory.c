/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inventory.h"
#include "test-store.h"

/* The models that the administrator defines: documents, files, imports. */

typedef struct Test {
        StoreTest store;
        char *objects; /* the directory of files */
        Inventory *inventory;
} Test;

static void setup(Test *t, const void *unused) {
        store_test_setup(&t->store, NULL);
        t->objects = g_build_filename(t->store.directory, "objects", NULL);
        t->inventory = inventory_new(t->store.store, t->objects);
}

static void teardown(Test *t, const void *unused) {
        t->inventory = inventory_free(t->inventory);
        store_test_teardown(&t->store, NULL);
        g_free(t->objects);
}

/* ---- documents ---- */

#define ONE "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
#define TWO "f81d4fae-7dec-11d0-a765-00a0c91e6bf7"

static void test_documents(void) {
        static const struct {
                const char *text, *as_file, *imported; /* the error; NULL: it is good */
        } table[] = {
                { "[]", NULL, NULL },
                { "[{\"id\":\"" ONE "\",\"n\":1},{\"id\":\"" TWO "\"}]", NULL, NULL },
                { "[{\"id\":\"a b\"},{\"id\":\"$(id)%n\"}]", NULL,
                  "object 1: \"id\" is not a UUID; leave it out, and a new one is made" },
                { "[{\"n\":1}]", "object 1 has no \"id\"", NULL },
                { "[{\"id\":\"a\"},{\"id\":5}]", "object 2: \"id\" is not a string",
                  "object 1: \"id\" is not a UUID; leave it out, and a new one is made" },
                { "[{\"id\":null}]", "object 1: \"id\" is not a string", "object 1: \"id\" is not a string" },
                { "[{\"id\":\"\"}]", "object 1: \"id\" is empty, longer than 4096 bytes, or has control characters",
                  "object 1: \"id\" is empty, longer than 4096 bytes, or has control characters" },
                { "[{\"id\":\"a\\u001b\"}]",
                  "object 1: \"id\" is empty, longer than 4096 bytes, or has control characters",
                  "object 1: \"id\" is empty, longer than 4096 bytes, or has control characters" },
                { "[{\"id\":\"" ONE "\"},{\"id\":\"" ONE "\"}]", "object 2 has the \"id\" of another one, \"" ONE "\"",
                  "object 2 has the \"id\" of another one, \"" ONE "\"" },
                { "[{\"id\":\"" ONE "\"},{\"id\":\"F81D4FAE7DEC11D0A76500A0C91E6BF6\"}]", NULL,
                  "object 2 has the \"id\" of another one, \"" ONE "\"" },
                { "{}", "not a list of objects, [{\"id\": ...}, ...]", "not a list of objects, [{\"id\": ...}, ...]" },
                { "[5]", "element 1 of the list is not an object", "element 1 of the list is not an object" },
                { "[{\"id\":\"" ONE "\",\"x\":[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]}]", NULL,
                  NULL }, /* 24 */
                { "[{\"id\":\"" ONE "\",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]}]",
                  "object 1 is nested more than 24 levels deep", "object 1 is nested more than 24 levels deep" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                for (unsigned imported = 0; imported < 2; imported++) {
                        const char *expected = imported ? table[i].imported : table[i].as_file;
                        g_autoptr(JsonArray) objects = NULL;
                        g_autofree char *error = NULL;
                        int r;

                        r = inventory_document_parse(table[i].text, strlen(table[i].text), imported, &objects, &error);
                        g_test_message("%s", table[i].text);
                        g_assert_cmpstr(error, ==, expected);
                        g_assert_true((r < 0) == (expected != NULL) && !objects == (expected != NULL));
                }
}

/* ---- files ---- */

static void define(const Test *t, const char *model, const char *text) {
        g_autofree char *name = g_strconcat(model, ".json", NULL), *path = g_build_filename(t->objects, name, NULL);

        test_write(path, text, strlen(text));
}

/* The objects of a model as JSON, or why there are none. */
static char *model_text(const Test *t, const char *model) {
        _cleanup_(object_set_unrefp) ObjectSet *set = object_set_new();
        _cleanup_(refusal_done) Refusal f = {};
        g_autoptr(JsonNode) node = NULL;

        inventory_add_to_set(t->inventory, model, set);
        if (object_set_check(set, model, &f) < 0)
                return g_strdup(f.message);
        node = json_node_init_array(json_node_alloc(), object_list_objects(object_set_find(set, model)));
        return json_format(node);
}

static void assert_model(const Test *t, const char *model, const char *expected) {
        g_autofree char *text = model_text(t, model), *shown = NULL;
        g_auto(GStrv) parts = g_strsplit(text, t->objects, -1);

        shown = g_strjoinv("DIR", parts);
        g_assert_cmpstr(shown, ==, expected);
}

static void test_files(Test *t, const void *unused) {
        g_autofree char *path = g_build_filename(t->objects, "racks.json", NULL);

        assert_model(t, "racks",
                     "there is no model 'racks': define it in DIR/racks.json or by \"jobctl objects import racks "
                     "FILE\"; "
                     "\"jobctl objects models\" shows those there are");
        define(t, "racks", "[{\"id\":\"a\"}]");
        assert_model(t, "racks", "[{\"id\":\"a\"}]");
        define(t, "racks", "[{\"id\":\"b\",\"more\":true}]"); /* read again, since it has changed */
        assert_model(t, "racks", "[{\"id\":\"b\",\"more\":true}]");
        define(t, "racks", "[{]");
        assert_model(t, "racks",
                     "the objects of model 'racks' cannot be read: DIR/racks.json: line 1, column 3: expected a "
                     "member name "
                     "in double quotes, found ]");
        g_assert_no_errno(chmod(path, 0666));
        assert_model(t, "racks",
                     "the objects of model 'racks' cannot be read: DIR/racks.json: can be written by group or others "
                     "(mode "
                     "0666), so it is not read; chmod go-w it");
        g_assert_no_errno(chmod(path, 0644));
        g_assert_no_errno(chmod(t->objects, 0777));
        assert_model(t, "racks",
                     "the objects of model 'racks' cannot be read: DIR: can be written by group or others (mode "
                     "0777), so "
                     "it is not read; chmod go-w it");
}

static void test_problems(Test *t, const void *unused) {
        static const char *const names[] = { "good", "user", "Wrong", "broken" };
        g_autoptr(GPtrArray) problems = NULL, models = NULL;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                define(t, names[i], i == 3 ? "{" : "[]");
        problems = inventory_problems(t->inventory);
        g_assert_cmpuint(problems->len, ==, 3);
        g_assert_no_errno(inventory_list(t->inventory, &models));
        g_assert_cmpuint(models->len, ==, 2);
        g_assert_nonnull(((InventoryModel *) models->pdata[0])->problem);
        g_assert_cmpstr(((InventoryModel *) models->pdata[1])->name, ==, "good");
}

/* ---- imports ---- */

typedef struct Counts {
        unsigned created, updated, deleted, unchanged;
} Counts;

static void assert_import(Test *t, const char *text, bool do_prune, bool dry_run, Counts expected) {
        const InventoryImport import = { "racks", text, strlen(text), do_prune, dry_run, 5 };
        _cleanup_(refusal_done) Refusal f = {};
        InventoryCounts c = {};
        int r;

        r = inventory_import(t->inventory, &import, &c, &f);
        g_assert_cmpstr(f.message, ==, NULL);
        g_assert_no_errno(r);
        g_assert_no_errno(store_commit(t->store.store));
        g_assert_cmpuint(c.n_created, ==, expected.created);
        g_assert_cmpuint(c.n_updated, ==, expected.updated);
        g_assert_cmpuint(c.n_deleted, ==, expected.deleted);
        g_assert_cmpuint(c.n_unchanged, ==, expected.unchanged);
}

static void assert_import_refused(Test *t, const char *model, const char *text, const char *name) {
        const InventoryImport import = { model, text, strlen(text), true, false, 5 };
        _cleanup_(refusal_done) Refusal f = {};
        InventoryCounts c;

        g_assert_cmpint(inventory_import(t->inventory, &import, &c, &f), <, 0);
        g_assert_cmpstr(f.name, ==, name);
        g_assert_false(store_has_batch(t->store.store));
}

static void test_import(Test *t, const void *unused) {
        static const char both[] = "[{\"id\":\"" ONE "\",\"n\":1},{\"id\":\"" TWO "\",\"n\":2}]";

        assert_import(t, both, false, true, (Counts){ .created = 2 });
        g_assert_false(store_has_batch(t->store.store));
        assert_import(t, both, false, false, (Counts){ .created = 2 });
        assert_model(t, "racks", both);
        assert_import(t, both, true, false, (Counts){ .unchanged = 2 });
        assert_import(t, "[{\"id\":\"" ONE "\",\"n\":3}]", false, false, (Counts){ .updated = 1 });
        assert_model(t, "racks", "[{\"id\":\"" ONE "\",\"n\":3},{\"id\":\"" TWO "\",\"n\":2}]");
        assert_import(t, "[{\"id\":\"" ONE "\",\"n\":3}]", true, true, (Counts){ .deleted = 1, .unchanged = 1 });
        assert_import(t, "[{\"id\":\"" ONE "\",\"n\":3}]", true, false, (Counts){ .deleted = 1, .unchanged = 1 });
        assert_sql(t->store.path, "SELECT model, id, document, date_created, last_updated FROM inventory_object",
                   "racks|" ONE "|{\"id\":\"" ONE "\",\"n\":3}|5|5");

        assert_import_refused(t, "racks", "[{}, 1]", BUS_ERROR_INVALID_OBJECTS);
        assert_import_refused(t, "user", "[]", BUS_ERROR_MODEL_READ_ONLY);
        assert_import_refused(t, "../x", "[]", BUS_ERROR_NO_SUCH_MODEL);
        assert_model(t, "racks", "[{\"id\":\"" ONE "\",\"n\":3}]");

        define(t, "racks", "[]");
        assert_import_refused(t, "racks", "[]", BUS_ERROR_MODEL_READ_ONLY);
        assert_model(t, "racks", "[]");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/inventory/documents", test_documents);
        g_test_add("/inventory/files", Test, NULL, setup, test_files, teardown);
        g_test_add("/inventory/problems", Test, NULL, setup, test_problems, teardown);
        g_test_add("/inventory/import", Test, NULL, setup, test_import, teardown);
        return g_test_run();
}
