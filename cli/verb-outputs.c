/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "bus-report.h"
#include "find.h"
#include "job-json.h"
#include "jobctl.h"
#include "names.h"
#include "output.h"
#include "table.h"

/* The output files of a run: listed, or fetched into a directory. */

typedef struct Output {
        char *name, *sha256;
        uint64_t size, date_created;
} Output;

static void output_free_func(void *p) {
        Output *o = p;

        g_free(o->name);
        g_free(o->sha256);
        g_free(o);
}

static int read_outputs(sd_bus_message *reply, GPtrArray *outputs) {
        const char *name, *sha256;
        uint64_t size, created;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(stst)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(stst)", &name, &size, &sha256, &created)) > 0) {
                Output *o = g_new(Output, 1);

                *o = (Output) { g_strdup(name), g_strdup(sha256), size, created };
                g_ptr_array_add(outputs, o);
        }
        return r < 0 ? report_errno(r, "cannot read the reply of jobd") : 0;
}

static int list_outputs(Connection *c, const char *path, const char *id, GPtrArray **ret) {
        g_autoptr(GPtrArray) outputs = g_ptr_array_new_with_free_func(output_free_func);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = connection_method(c, path, JOBD_RESULT_INTERFACE, "ListOutputs", id, &reply, NULL);
        if (r >= 0)
                r = read_outputs(reply, outputs);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(outputs);
        return 0;
}

/* Only those that are named; -ENOENT once it has said which there is not. */
static int select_outputs(GPtrArray *outputs, char **names) {
        if (!names[0])
                return 0;
        for (char **n = names; *n; n++) {
                bool found = false;

                for (guint i = 0; i < outputs->len && !found; i++)
                        found = strcmp(((const Output *) outputs->pdata[i])->name, *n) == 0;
                if (!found)
                        return report_error(-ENOENT, "the run has no output file \"%s\"", *n);
        }
        for (guint i = outputs->len; i-- > 0;)
                if (!g_strv_contains((const char *const *) names, ((const Output *) outputs->pdata[i])->name))
                        (void) g_ptr_array_remove_index(outputs, i);
        return 0;
}

/* ---- showing ---- */

static void print_table(const GPtrArray *outputs, bool legend) {
        static const char *const columns[] = { "NAME", "SIZE", "CREATED", "SHA256", NULL };
        _cleanup_(table_freep) Table *t = table_new(columns, legend ? TABLE_HEADINGS : 0);

        for (guint i = 0; i < outputs->len; i++) {
                const Output *o = outputs->pdata[i];
                g_autofree char *size = g_strdup_printf("%" PRIu64, o->size);
                g_autofree char *created = format_time_short(o->date_created);

                table_add(t, (const char *[]) { o->name, size, created, o->sha256 }, 0, NULL);
        }
        if (table_rows(t) > 0)
                table_print(t);
        else if (legend)
                puts("No output files.");
}

static void print_outputs_json(const GPtrArray *outputs) {
        JsonArray *array = json_array_new();

        for (guint i = 0; i < outputs->len; i++) {
                const Output *o = outputs->pdata[i];
                g_autofree char *created = job_json_format_time(o->date_created);
                JsonObject *object = json_object_new();

                json_object_set_string_member(object, "name", o->name);
                json_object_set_int_member(object, "size", (int64_t) o->size);
                json_object_set_string_member(object, "sha256", o->sha256);
                json_object_set_string_member(object, "date_created", created);
                json_array_add_object_element(array, object);
        }
        print_json_array(array);
}

/* ---- fetching ---- */

/* The name is the job's: it must not lead out of the directory, whatever jobd has let through. */
static bool name_is_safe(const char *name) {
        return name[0] && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int copy(int from, int to, const Output *o) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
        g_autofree uint8_t *chunk = g_malloc(64 * 1024);
        ssize_t n;

        while ((n = read(from, chunk, 64 * 1024)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                g_checksum_update(checksum, chunk, n);
                for (ssize_t done = 0, k; done < n; done += k) {
                        k = write(to, chunk + done, (size_t) (n - done));
                        if (k < 0)
                                return -errno;
                }
        }
        return strcmp(g_checksum_get_string(checksum), o->sha256) == 0 ? 0 : -EBADMSG;
}

/* A file of that name is replaced only when it was asked for, and only by a complete one. */
static int save(int from, const char *directory, const Output *o, bool force) {
        g_autofree char *path = g_build_filename(directory, o->name, NULL);
        g_autofree char *temporary = g_build_filename(directory, ".jobctl-XXXXXX", NULL);
        _cleanup_close_ int to = mkostemp(temporary, O_CLOEXEC);
        mode_t mask = umask(0);
        int r;

        (void) umask(mask);
        if (to < 0)
                return report_errno(-errno, "cannot write to %s", directory);
        r = copy(from, to, o);
        if (r >= 0 && fchmod(to, 0666 & ~mask) < 0)
                r = -errno;
        if (r >= 0 && (force ? rename(temporary, path) : link(temporary, path)) < 0)
                r = -errno;
        if (r < 0 || !force)
                (void) unlink(temporary);
        if (r == -EEXIST)
                return report_error(r, "%s is there already: say --force to replace it", path);
        if (r == -EBADMSG)
                return report_error(r, "the output file \"%s\" is damaged: its SHA-256 is not that of its listing",
                                    o->name);
        return r < 0 ? report_errno(r, "cannot write %s", path) : 0;
}

static int fetch(Connection *c, const char *result, const Output *o, const char *directory, bool force) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int fd, r;

        if (!name_is_safe(o->name))
                return report_error(-EINVAL, "\"%s\" is no name for a file", o->name);
        r = connection_method(c, result, JOBD_RESULT_INTERFACE, "OpenOutput", o->name, &reply, "s", o->name);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return report_errno(r, "the reply of jobd has no file in it");
        return save(fd, directory, o, force);
}

/*
 * A run calls its files as it likes. ".bash_profile" in a home directory would be the run's way to be its reader, so what
 * is not seen there is saved when somebody has said its name.
 */
static int refuse_hidden(const char *name) {
        return report_error(-EPERM, "\"%s\" is not saved, it would be a hidden file: name it to save it", name);
}

static int fetch_all(Connection *c, const char *result, const GPtrArray *outputs, bool named, const char *directory,
                     bool force) {
        int r = 0;

        for (guint i = 0; i < outputs->len; i++) {
                const Output *o = outputs->pdata[i];
                g_autofree char *name = output_escape(o->name), *shown = output_escape(directory);

                if ((!named && o->name[0] == '.') ? refuse_hidden(o->name) < 0
                                                  : fetch(c, result, o, directory, force) < 0)
                        r = -EIO;
                else
                        printf("%s/%s\n", shown, name);
        }
        return r;
}

/* GOption would take the next argument as the value of an option whose value is optional. */
static void separate_fetch(int argc, char **argv) {
        static char with_equals[] = "--fetch=";

        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--fetch") == 0)
                        argv[i] = with_equals;
}

int verb_outputs(Jobctl *j, const Verb *verb, int argc, char **argv) {
        _cleanup_(connection_freep) Connection *c = NULL;
        g_autofree char *path = NULL, *directory = NULL;
        g_autoptr(GPtrArray) outputs = NULL;
        gboolean force = false, no_legend = false;
        const GOptionEntry entries[] = {
                { "fetch", 0, 0, G_OPTION_ARG_FILENAME, &directory, "Save them here, or in this directory", "DIR" },
                { "force", 'f', 0, G_OPTION_ARG_NONE, &force, "Replace files that are there", NULL },
                { "no-legend", 0, 0, G_OPTION_ARG_NONE, &no_legend, "No headings", NULL },
                {}
        };
        char **arguments;
        int r;

        separate_fetch(argc, argv);
        r = verb_parse(j, verb, entries, argc, argv, 1, UINT_MAX, &arguments);
        if (r >= 0)
                return r;
        if (connection_open(&j->connection, &c) < 0 || find_result(c, arguments[0], &path, NULL) < 0 ||
            list_outputs(c, path, arguments[0], &outputs) < 0 || select_outputs(outputs, arguments + 1) < 0)
                return STATUS_ERROR;
        if (directory) {
                r = fetch_all(c, path, outputs, arguments[1], directory[0] ? directory : ".", force);
                return r < 0 ? STATUS_ERROR : EXIT_SUCCESS;
        }
        if (j->json)
                print_outputs_json(outputs);
        else
                print_table(outputs, !no_legend);
        return EXIT_SUCCESS;
}
