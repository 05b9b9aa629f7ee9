/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "program-digest.h"
#include "unit-property.h"

enum {
        CACHE_MAX = 256,
        CACHE_AGE_SEC = 3, /* a file that was changed more lately is read each time */
        BUFFER_SIZE = 64 * 1024,
};

/* systemd's own, for a program that is named without its path (systemd.exec(5), ExecSearchPath=). */
static const char *const default_search_path[] = {
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", NULL,
};

static void program_free_func(void *p) {
        Program *program = p;

        g_free(program->setting);
        g_free(program->path);
        g_free(program->file);
        g_free(program->digest);
        g_free(program->problem);
        g_free(program);
}

/* ---- the contents of a file ---- */

struct ProgramCache {
        GHashTable *by_identity; /* identity of the file -> digest, both owned */
};

ProgramCache *program_cache_new(void) {
        ProgramCache *c;

        c = g_new(ProgramCache, 1);
        c->by_identity = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        return c;
}

ProgramCache *program_cache_free(ProgramCache *c) {
        if (!c)
                return NULL;
        g_hash_table_unref(c->by_identity);
        g_free(c);
        return NULL;
}

/*
 * Without the device, whose number can be another one at each boot. That a file on another one has the same number and
 * size, and was changed in the same nanosecond, is so of a copy of the whole file system only, which has the same contents.
 */
static char *stat_digest(const struct stat *st) {
        return g_strdup_printf("stat:%" PRIu64 ":%" PRIu64 ":%" PRIi64 ".%09li:%" PRIi64 ".%09li", (uint64_t) st->st_ino,
                               (uint64_t) st->st_size, (int64_t) st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
                               (int64_t) st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

static char *identity_of(const struct stat *st) {
        g_autofree char *digest = stat_digest(st);

        return g_strdup_printf("%" PRIu64 ":%s", (uint64_t) st->st_dev, digest);
}

static bool is_old(const struct stat *st) {
        time_t now = time(NULL);

        return st->st_ctim.tv_sec < now - CACHE_AGE_SEC && st->st_mtim.tv_sec < now - CACHE_AGE_SEC;
}

static int read_digest(int fd, char **ret) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
        g_autofree unsigned char *buffer = g_malloc(BUFFER_SIZE);
        uint64_t size = 0;
        ssize_t n;

        while ((n = read(fd, buffer, BUFFER_SIZE)) > 0) {
                size += (uint64_t) n;
                if (size > PROGRAM_SIZE_MAX) /* it grows while it is read */
                        return -EFBIG;
                g_checksum_update(checksum, buffer, n);
        }
        if (n < 0)
                return -errno;
        *ret = g_strconcat("sha256:", g_checksum_get_string(checksum), NULL);
        return 0;
}

static int digest_file(ProgramCache *cache, int fd, const struct stat *st, char **ret) {
        g_autofree char *identity = identity_of(st);
        const char *known = cache ? g_hash_table_lookup(cache->by_identity, identity) : NULL;
        int r;

        if (known || st->st_size > PROGRAM_SIZE_MAX) {
                *ret = known ? g_strdup(known) : stat_digest(st);
                return 0;
        }
        r = read_digest(fd, ret);
        if (r < 0 || !cache || !is_old(st))
                return r;
        if (g_hash_table_size(cache->by_identity) >= CACHE_MAX)
                g_hash_table_remove_all(cache->by_identity);
        (void) g_hash_table_insert(cache->by_identity, TAKE_PTR(identity), g_strdup(*ret));
        return 0;
}

/* ---- where a unit finds a file ---- */

typedef struct View {
        const char *root;      /* RootDirectory=; NULL: that of the host */
        const char *image;     /* RootImage= */
        char **search_path;    /* NULL: the default one */
        const GVariant *binds[2];
} View;

static const char *string_property(const GPtrArray *properties, const char *name) {
        const UnitProperty *p = unit_property_find(properties, name);

        return p && g_variant_is_of_type(p->value, G_VARIANT_TYPE_STRING) && *g_variant_get_string(p->value, NULL)
                        ? g_variant_get_string(p->value, NULL)
                        : NULL;
}

static GVariant *value_of(const GPtrArray *properties, const char *name, const char *type) {
        const UnitProperty *p = unit_property_find(properties, name);

        return p && g_variant_is_of_type(p->value, G_VARIANT_TYPE(type)) ? p->value : NULL;
}

static void view_init(View *v, const GPtrArray *properties) {
        GVariant *search = value_of(properties, "ExecSearchPath", "as");

        *v = (View){
                .root = string_property(properties, "RootDirectory"),
                .image = string_property(properties, "RootImage"),
                .search_path = search && g_variant_n_children(search) > 0 ? g_variant_dup_strv(search, NULL) : NULL,
                .binds = { value_of(properties, "BindPaths", "a(ssbt)"),
                           value_of(properties, "BindReadOnlyPaths", "a(ssbt)") },
        };
}

static void view_done(View *v) {
        g_strfreev(v->search_path);
}

/* The rest of path below a directory, NULL when it is not there. "" is the directory itself. */
static const char *path_below(const char *path, const char *directory) {
        size_t n = strlen(directory);

        if (strcmp(directory, "/") == 0)
                return path;
        return strncmp(path, directory, n) == 0 && (path[n] == '\0' || path[n] == '/') ? path + n : NULL;
}

/* The longest destination of a bind mount that the path is below decides; its source is on the host. */
static char *path_of_bind(const View *v, const char *path) {
        const char *best_source = NULL, *best_rest = path, *source, *destination;
        gboolean may_miss;
        guint64 flags;

        for (size_t i = 0; i < ELEMENTSOF(v->binds); i++) {
                GVariantIter iter;

                if (!v->binds[i])
                        continue;
                g_variant_iter_init(&iter, (GVariant *) v->binds[i]);
                while (g_variant_iter_next(&iter, "(&s&sbt)", &source, &destination, &may_miss, &flags)) {
                        const char *rest = path_below(path, destination);

                        if (rest && (!best_source || strlen(rest) < strlen(best_rest))) {
                                best_source = source;
                                best_rest = rest;
                        }
                }
        }
        return best_source ? g_strconcat(best_source, best_rest, NULL) : NULL;
}

/* In RootDirectory= links lead nowhere outside of it, as for the unit. */
static int open_in(const char *root, const char *path) {
        struct open_how how = {
                .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
        };
        _cleanup_close_ int root_fd = -EBADF;
        int fd;

        if (!root)
                fd = open(path, (int) how.flags);
        else {
                root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (root_fd < 0)
                        return -errno;
                fd = (int) syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
        }
        return fd < 0 ? -errno : fd;
}

static int view_open(const View *v, const char *path, char **ret_file) {
        g_autofree char *bound = path_of_bind(v, path);
        const char *root = bound ? NULL : v->root;
        int fd;

        fd = open_in(root, bound ?: path);
        if (fd >= 0)
                *ret_file = bound ? TAKE_PTR(bound) : g_strconcat(root ?: "", path, NULL);
        return fd;
}

static int check_file(int fd, bool only_executable, struct stat *ret) {
        if (fstat(fd, ret) < 0)
                return -errno;
        if (!S_ISREG(ret->st_mode))
                return S_ISDIR(ret->st_mode) ? -EISDIR : -EINVAL;
        return only_executable && (ret->st_mode & 0111) == 0 ? -EACCES : 0;
}

/* As PID 1: the first that can be executed. Returns the descriptor. */
static int view_find(const View *v, const char *path, char **ret_file, struct stat *ret) {
        const char *const *search = v->search_path ? (const char *const *) v->search_path : default_search_path;
        int r = -ENOENT;

        for (; *path == '/' || *search; search++) {
                g_autofree char *full = *path == '/' ? g_strdup(path) : g_build_filename(*search, path, NULL);
                _cleanup_close_ int fd = view_open(v, full, ret_file);
                int k;

                k = fd < 0 ? fd : check_file(fd, *path != '/', ret);
                if (k >= 0)
                        return TAKE_FD(fd);
                if (fd >= 0)
                        g_clear_pointer(ret_file, g_free);
                if (k != -ENOENT)
                        r = k;
                if (*path == '/')
                        return k;
        }
        return r;
}

/* ---- programs ---- */

static Program *program_add(GPtrArray *programs, const char *setting, const char *path, bool may_fail) {
        Program *p;

        p = g_new0(Program, 1);
        p->setting = g_strdup(setting);
        p->path = g_strdup(path);
        p->may_fail = may_fail;
        g_ptr_array_add(programs, p);
        return p;
}

static void program_read(Program *p, ProgramCache *cache, const View *v) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        fd = view_find(v, p->path, &p->file, &st);
        r = fd < 0 ? fd : digest_file(cache, fd, &st, &p->digest);
        if (r < 0)
                p->problem = g_strdup(g_strerror(-r));
        else
                p->size = (uint64_t) st.st_size;
}

/* What is in it is another matter than which image it is. */
static void add_image(GPtrArray *programs, const char *setting, const char *path) {
        Program *p = program_add(programs, setting, path, false);
        struct stat st;

        if (stat(path, &st) < 0) {
                p->problem = g_strdup(g_strerror(errno));
                return;
        }
        p->file = g_strdup(path);
        p->digest = stat_digest(&st);
        p->size = (uint64_t) st.st_size;
}

static void add_images(GPtrArray *programs, const GPtrArray *properties, const char *setting) {
        const UnitProperty *p = unit_property_find(properties, setting);
        GVariantIter iter;
        GVariant *entry;

        if (!p || !g_variant_is_container(p->value))
                return;
        g_variant_iter_init(&iter, p->value);
        while ((entry = g_variant_iter_next_value(&iter))) {
                _unused_ g_autoptr(GVariant) owned = entry;
                g_autoptr(GVariant) path = NULL;

                path = g_variant_is_container(entry) ? g_variant_get_child_value(entry, 0) : g_variant_ref(entry);
                add_image(programs, setting, g_variant_get_string(path, NULL));
        }
}

static void add_arguments(GPtrArray *programs, const char *setting, GVariant *argv, ProgramCache *cache,
                          const View *v) {
        for (gsize i = 1; i < g_variant_n_children(argv); i++) {
                _cleanup_close_ int fd = -EBADF;
                g_autofree char *file = NULL;
                const char *text;
                struct stat st;

                g_variant_get_child(argv, i, "&s", &text);
                if (*text != '/' || strlen(text) >= PATH_MAX)
                        continue;
                fd = view_open(v, text, &file);
                if (fd >= 0 && check_file(fd, true, &st) >= 0)
                        program_read(program_add(programs, setting, text, true), cache, v);
        }
}

static bool flags_have(GVariant *flags, const char *name) {
        const char *text;

        if (g_variant_is_of_type(flags, G_VARIANT_TYPE_BOOLEAN))
                return g_variant_get_boolean(flags);
        for (gsize i = 0; i < g_variant_n_children(flags); i++) {
                g_variant_get_child(flags, i, "&s", &text);
                if (strcmp(text, name) == 0)
                        return true;
        }
        return false;
}

/* name: "ExecStart", or "ExecStartEx" with more flags. */
static void add_commands(GPtrArray *programs, const GPtrArray *properties, const char *setting, const char *name,
                         ProgramCache *cache, const View *v) {
        const UnitProperty *p = unit_property_find(properties, name);

        for (gsize i = 0; p && i < g_variant_n_children(p->value); i++) {
                g_autoptr(GVariant) command = g_variant_get_child_value(p->value, i);
                g_autoptr(GVariant) argv = g_variant_get_child_value(command, 1);
                g_autoptr(GVariant) flags = g_variant_get_child_value(command, 2);
                Program *program;
                const char *path;

                g_variant_get_child(command, 0, "&s", &path);
                if (v->image)
                        continue; /* the image is what counts */
                program = program_add(programs, setting, path, flags_have(flags, "ignore-failure"));
                program_read(program, cache, v);
                add_arguments(programs, setting, argv, cache, v);
        }
}

GPtrArray *programs_read(ProgramCache *cache, const GPtrArray *properties) {
        static const char *const settings[] = { "ExecStartPre", "ExecStart", "ExecStartPost" };
        static const char *const images[] = { "MountImages", "ExtensionImages", "ExtensionDirectories" };
        GPtrArray *programs = g_ptr_array_new_with_free_func(program_free_func);
        _cleanup_(view_done) View v = {};

        view_init(&v, properties);
        if (v.image)
                add_image(programs, "RootImage", v.image);
        for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
                g_autofree char *extended = g_strconcat(settings[i], "Ex", NULL);

                add_commands(programs, properties, settings[i], settings[i], cache, &v);
                add_commands(programs, properties, settings[i], extended, cache, &v);
        }
        for (size_t i = 0; i < ELEMENTSOF(images); i++)
                add_images(programs, properties, images[i]);
        return programs;
}
