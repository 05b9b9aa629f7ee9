/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "error-text.h"
#include "inventory-document.h"
#include "object-model.h"
#include "uuid.h"

/* ---- documents ---- */

static bool has_control_characters(const char *text) {
        for (const char *p = text; *p; p = g_utf8_next_char(p))
                if (g_unichar_iscntrl(g_utf8_get_char(p)))
                        return true;
        return false;
}

/* "object 3": counted from 1, as people do. */
static int check_id(unsigned i, JsonNode *node, char **ret_error) {
        const char *id;

        if (!node)
                return error_text(ret_error, "object %u has no \"id\"", i + 1);
        if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
                return error_text(ret_error, "object %u: \"id\" is not a string", i + 1);
        id = json_node_get_string(node);
        if (id[0] == '\0' || strlen(id) > OBJECT_KEY_MAX || has_control_characters(id))
                return error_text(ret_error,
                                  "object %u: \"id\" is empty, longer than %i bytes, or has control characters", i + 1,
                                  OBJECT_KEY_MAX);
        return 0;
}

static int normalise_id(unsigned i, JsonObject *object, char **ret_error) {
        JsonNode *node = json_object_get_member(object, INVENTORY_KEY);
        char id[UUID_STRING_SIZE];
        int r;

        if (!node)
                uuid_new(id);
        else {
                r = check_id(i, node, ret_error);
                if (r < 0)
                        return r;
                if (uuid_parse(json_node_get_string(node), id) < 0)
                        return error_text(ret_error,
                                          "object %u: \"id\" is not a UUID; leave it out, and a new one is made",
                                          i + 1);
        }
        json_object_set_string_member(object, INVENTORY_KEY, id);
        return 0;
}

static int check_object(unsigned i, JsonNode *node, bool imported, GHashTable *seen, char **ret_error) {
        JsonObject *object;
        const char *id;
        int r;

        if (!JSON_NODE_HOLDS_OBJECT(node))
                return error_text(ret_error, "element %u of the list is not an object", i + 1);
        if (json_depth(node) > INVENTORY_DEPTH_MAX)
                return error_text(ret_error, "object %u is nested more than %i levels deep", i + 1,
                                  INVENTORY_DEPTH_MAX);
        object = json_node_get_object(node);
        if (imported)
                r = normalise_id(i, object, ret_error);
        else
                r = check_id(i, json_object_get_member(object, INVENTORY_KEY), ret_error);
        if (r < 0)
                return r;
        id = json_object_get_string_member(object, INVENTORY_KEY);
        if (!g_hash_table_add(seen, (void *) id)) {
                g_autofree char *shown = json_show_text(id);

                return error_text(ret_error, "object %u has the \"id\" of another one, \"%s\"", i + 1, shown);
        }
        return 0;
}

int inventory_document_parse(const char *text, size_t size, bool imported, JsonArray **ret, char **ret_error) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        g_autoptr(JsonNode) node = NULL;
        JsonArray *array;
        int r;

        r = json_parse(text, size, INVENTORY_SIZE_MAX, &node, ret_error);
        if (r < 0)
                return r;
        if (!JSON_NODE_HOLDS_ARRAY(node))
                return error_text(ret_error, "not a list of objects, [{\"id\": ...}, ...]");
        array = json_node_get_array(node);
        if (json_array_get_length(array) > INVENTORY_OBJECTS_MAX)
                return error_text(ret_error, "%u objects; a model has at most %i", json_array_get_length(array),
                                  INVENTORY_OBJECTS_MAX);
        for (unsigned i = 0; i < json_array_get_length(array); i++) {
                r = check_object(i, json_array_get_element(array, i), imported, seen, ret_error);
                if (r < 0)
                        return r;
        }
        *ret = json_array_ref(array);
        return 0;
}

/* ---- files ---- */

static int check_owner(const char *path, const struct stat *st, char **ret_error) {
        if (st->st_uid != 0)
                return error_text(ret_error,
                                  "%s: belongs to uid %u instead of root, so it is not read; chown it to root", path,
                                  st->st_uid);
        if (st->st_mode & (S_IWGRP | S_IWOTH))
                return error_text(ret_error,
                                  "%s: can be written by group or others (mode %04o), so it is not read; chmod "
                                  "go-w it",
                                  path, st->st_mode & 07777);
        return 0;
}

static int fail_errno(int error, const char *path, char **ret_error) {
        (void) error_text(ret_error, "%s: cannot be read: %s", path, g_strerror(error));
        return -error;
}

/* 1 and the descriptor, 0: there is no such directory. */
static int open_directory(const char *directory, int *ret, char **ret_error) {
        _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct stat st;
        int r;

        if (fd < 0)
                return errno == ENOENT ? 0 : fail_errno(errno, directory, ret_error);
        if (fstat(fd, &st) < 0)
                return fail_errno(errno, directory, ret_error);
        r = check_owner(directory, &st, ret_error);
        if (r < 0)
                return r;
        *ret = TAKE_FD(fd);
        return 1;
}

static int check_file(const char *path, const struct stat *st, char **ret_error) {
        if (!S_ISREG(st->st_mode))
                return error_text(ret_error, "%s: is not a regular file", path);
        if (st->st_size > INVENTORY_SIZE_MAX)
                return error_text(ret_error, "%s: has more than %i bytes", path, INVENTORY_SIZE_MAX);
        return check_owner(path, st, ret_error);
}

static int64_t nsec(const struct timespec *t) {
        return (int64_t) t->tv_sec * 1000000000 + t->tv_nsec;
}

int inventory_file_open(const char *directory, const char *model, int *ret_fd, InventoryStamp *ret_stamp,
                        char **ret_error) {
        g_autofree char *name = g_strconcat(model, ".json", NULL), *path = g_build_filename(directory, name, NULL);
        _cleanup_close_ int dir = -EBADF, fd = -EBADF;
        struct stat st;
        int r;

        r = open_directory(directory, &dir, ret_error);
        if (r <= 0)
                return r;
        fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return errno == ENOENT ? 0 : fail_errno(errno, path, ret_error);
        if (fstat(fd, &st) < 0)
                return fail_errno(errno, path, ret_error);
        r = check_file(path, &st, ret_error);
        if (r < 0)
                return r;
        *ret_stamp = (InventoryStamp){ st.st_dev, st.st_ino, (uint64_t) st.st_size, nsec(&st.st_mtim),
                                       nsec(&st.st_ctim) };
        *ret_fd = TAKE_FD(fd);
        return 1;
}

int inventory_file_read(int fd, char **ret_text, size_t *ret_size) {
        g_autofree char *text = NULL;
        struct stat st;
        size_t size, n = 0;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size > INVENTORY_SIZE_MAX)
                return -EFBIG;
        size = (size_t) st.st_size;
        text = g_malloc(size + 1);
        while (n < size) {
                ssize_t k = pread(fd, text + n, size - n, (off_t) n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += (size_t) k;
        }
        text[n] = '\0';
        *ret_text = TAKE_PTR(text);
        *ret_size = n;
        return 0;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void add_entry(const char *directory, const char *name, GPtrArray *models, GPtrArray *problems) {
        g_autofree char *model = NULL, *shown = NULL;

        if (name[0] == '.' || !g_str_has_suffix(name, ".json"))
                return;
        model = g_strndup(name, strlen(name) - strlen(".json"));
        if (inventory_model_name_is_valid(model) && models->len < INVENTORY_MODELS_MAX) {
                g_ptr_array_add(models, TAKE_PTR(model));
                return;
        }
        if (problems->len >= INVENTORY_MODELS_MAX)
                return;
        shown = text_excerpt(name, 80);
        g_ptr_array_add(problems,
                        inventory_model_name_is_valid(model) ? g_strdup_printf("%s/%s: more than %i models", directory,
                                                                               shown, INVENTORY_MODELS_MAX)
                        : host_model_key(model)
                                        ? g_strdup_printf("%s/%s: this is a model of the host; call it something else",
                                                          directory, shown)
                                        : g_strdup_printf("%s/%s: not the name of a model: up to %i of a-z, 0-9, "
                                                          "\"_\", "
                                                          "\".\" and \"-\", a letter first, and \".json\"",
                                                          directory, shown, OBJECT_MODEL_NAME_MAX));
}

int inventory_file_list(const char *directory, GPtrArray **ret_models, GPtrArray **ret_problems) {
        g_autoptr(GPtrArray) models = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
        _cleanup_close_ int fd = -EBADF;
        char *error = NULL;
        DIR *dir = NULL;
        const struct dirent *entry;
        int r;

        r = open_directory(directory, &fd, &error);
        if (r > 0)
                dir = fdopendir(fd);
        if (dir)
                fd = -EBADF;
        while (dir && (entry = readdir(dir)))
                add_entry(directory, entry->d_name, models, problems);
        if (dir)
                (void) closedir(dir);
        if (r < 0)
                g_ptr_array_add(problems, error);
        g_ptr_array_sort(models, compare_names);
        g_ptr_array_sort(problems, compare_names);
        *ret_models = TAKE_PTR(models);
        *ret_problems = TAKE_PTR(problems);
        return 0;
}
