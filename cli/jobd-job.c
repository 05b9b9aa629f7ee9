/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bus-error.h"
#include "config.h"
#include "json.h"
#include "names.h"
#include "run-client.h"

/* For use inside a run: reads its input, and says what there is to say about it. */

enum {
        STATUS_FAILURE = 1, /* refused, absent, not inside a run */
        STATUS_USAGE = 2,
        LINE_MAX_BYTES = 48 * 1024, /* of a log entry */
        RESULT_MAX = 256 * 1024,    /* bytes; jobd says what is wrong with more */
        SPOOL_MAX = 10 * 1024 * 1024,
};

typedef struct Verb {
        const char *name, *arguments, *summary;
        int (*run)(const struct Verb *verb, int argc, char **argv);
} Verb;

static int usage_error(const Verb *verb, const char *format, ...) _printf_(2, 3);

static int usage_error(const Verb *verb, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        (void) run_report(-EINVAL, "%s\nSee \"jobd-job %s%s--help\".", text, verb ? verb->name : "", verb ? " " : "");
        return STATUS_USAGE;
}

/* -1 and the arguments that are no options (NULL-terminated), or the status to exit with. */
static int parse(const Verb *verb, const GOptionEntry *entries, int argc, char **argv, unsigned min, unsigned max,
                 char ***ret) {
        static char *none[] = { NULL };
        static char **arguments; /* to the end of the program */
        g_autofree char *usage = g_strdup_printf("%s", verb->arguments);
        g_autoptr(GOptionContext) context = g_option_context_new(usage);
        g_autoptr(GError) error = NULL;
        gboolean help = false;
        const GOptionEntry general[] = {
                { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL },
                { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments, NULL, NULL },
                {}
        };
        unsigned n;

        g_option_context_set_help_enabled(context, false);
        g_option_context_set_summary(context, verb->summary);
        if (entries)
                g_option_context_add_main_entries(context, entries, NULL);
        g_option_context_add_main_entries(context, general, NULL);
        if (!g_option_context_parse(context, &argc, &argv, &error))
                return usage_error(verb, "%s: %s", verb->name, error->message);
        if (help) {
                g_autofree char *full = g_strdup_printf("jobd-job %s", verb->name), *text = NULL;

                g_set_prgname(full);
                text = g_option_context_get_help(context, true, NULL);
                (void) fputs(text, stdout);
                return EXIT_SUCCESS;
        }
        n = arguments ? g_strv_length(arguments) : 0;
        if (n < min)
                return usage_error(verb, "%s: an argument is missing: jobd-job %s %s", verb->name, verb->name,
                                   verb->arguments);
        if (n > max)
                return usage_error(verb, "%s: there is an argument too many: \"%s\".", verb->name, arguments[max]);
        *ret = arguments ?: none;
        return -1;
}

static int status_of(int r) {
        return r < 0 ? STATUS_FAILURE : EXIT_SUCCESS;
}

/* A call of its own, for the verbs that make one. */
#define CALL_ONCE(member, ...)                                                                                     \
        ({                                                                                                         \
                _cleanup_(run_client_freep) RunClient *_c = NULL;                                                  \
                int _r = run_client_open(&_c);                                                                     \
                                                                                                                   \
                _r < 0 ? STATUS_FAILURE : status_of(run_client_call(_c, NULL, (member), __VA_ARGS__));             \
        })

/* ---- var, vars ---- */

static char *value_text(JsonNode *value) {
        if (JSON_NODE_HOLDS_VALUE(value) && json_node_get_value_type(value) == G_TYPE_STRING)
                return json_node_dup_string(value);
        return json_format(value);
}

static int verb_var(const Verb *verb, int argc, char **argv) {
        g_autofree char *data = NULL, *fallback = NULL, *text = NULL, *error = NULL;
        const GOptionEntry entries[] = {
                { "default", 0, 0, G_OPTION_ARG_FILENAME, &fallback, "Print this if it has no value", "TEXT" },
                {}
        };
        g_autoptr(JsonObject) values = NULL;
        char **arguments;
        JsonNode *value;
        size_t size;
        int r;

        r = parse(verb, entries, argc, argv, 1, 1, &arguments);
        if (r >= 0)
                return r;
        if (run_credential_read(JOBD_CREDENTIAL_DATA, &data, &size) < 0)
                return STATUS_FAILURE;
        if (json_parse_object(data, size, SIZE_MAX, &values, &error) < 0) {
                (void) run_report(-EBADMSG, "the input of the run is damaged: %s", error);
                return STATUS_FAILURE;
        }
        value = json_object_get_member(values, arguments[0]);
        if (value && !JSON_NODE_HOLDS_NULL(value))
                text = value_text(value);
        else if (fallback)
                text = TAKE_PTR(fallback);
        else
                return STATUS_FAILURE; /* silent: "if jobd-job var x" asks whether there is one */
        (void) puts(text);
        return EXIT_SUCCESS;
}

static int verb_vars(const Verb *verb, int argc, char **argv) {
        g_autofree char *data = NULL;
        char **arguments;
        size_t size;
        int r;

        r = parse(verb, NULL, argc, argv, 0, 0, &arguments);
        if (r >= 0)
                return r;
        if (run_credential_read(JOBD_CREDENTIAL_DATA, &data, &size) < 0)
                return STATUS_FAILURE;
        (void) puts(data);
        return EXIT_SUCCESS;
}

/* ---- log ---- */

typedef struct LogOptions {
        char *level, *grouping, *object;
} LogOptions;

static int log_text(RunClient *c, const LogOptions *o, const char *text, size_t size) {
        g_autofree char *valid = g_utf8_make_valid(text, (gssize) size);
        const char *p = valid;

        do { /* in parts that jobd takes, between characters */
                size_t n = strlen(p);
                g_autofree char *part = NULL;
                int r;

                if (n > LINE_MAX_BYTES) {
                        n = LINE_MAX_BYTES;
                        while (((unsigned char) p[n] & 0xc0) == 0x80)
                                n--;
                }
                part = g_strndup(p, n);
                r = run_client_call(c, NULL, "Log", "ssss", o->level ?: "info", part, o->grouping ?: "",
                                    o->object ?: "");
                if (r < 0)
                        return r;
                p += n;
        } while (*p);
        return 0;
}

/* Each line is an entry, as soon as it is there. */
static int log_lines(RunClient *c, const LogOptions *o) {
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        ssize_t n;
        int r = 0;

        while (r >= 0 && (n = getline(&line, &allocated, stdin)) >= 0) {
                if (n > 0 && line[n - 1] == '\n')
                        n--;
                r = log_text(c, o, line, (size_t) n);
        }
        if (r >= 0 && ferror(stdin))
                return run_report(-EIO, "cannot read standard input");
        return r;
}

static int verb_log(const Verb *verb, int argc, char **argv) {
        _cleanup_(run_client_freep) RunClient *c = NULL;
        LogOptions o = {};
        const GOptionEntry entries[] = {
                { "level", 'l', 0, G_OPTION_ARG_STRING, &o.level,
                  "debug, info, success, warning, failure, error, critical", "LEVEL" },
                { "grouping", 'g', 0, G_OPTION_ARG_STRING, &o.grouping, "The part of the job it is about", "GROUPING" },
                { "object", 'o', 0, G_OPTION_ARG_STRING, &o.object, "The thing it is about", "OBJECT" },
                {}
        };
        g_autofree char *text = NULL;
        char **words;
        int r;

        r = parse(verb, entries, argc, argv, 0, UINT_MAX, &words);
        if (r >= 0)
                return r;
        if (run_client_open(&c) < 0)
                return STATUS_FAILURE;
        if (!words[0] || (strcmp(words[0], "-") == 0 && !words[1]))
                r = log_lines(c, &o);
        else {
                text = g_strjoinv(" ", words);
                r = log_text(c, &o, text, strlen(text));
        }
        g_free(o.level);
        g_free(o.grouping);
        g_free(o.object);
        return status_of(r);
}

/* ---- result, progress, fail ---- */

static int read_file(const char *path, char **ret) {
        bool is_stdin = strcmp(path, "-") == 0;
        _cleanup_fclose_ FILE *f = is_stdin ? fdopen(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), "r") : fopen(path, "re");
        g_autofree char *text = g_malloc(RESULT_MAX + 2);
        size_t n;

        if (!f)
                return run_report(-errno, "cannot open %s: %s", path, g_strerror(errno));
        n = fread(text, 1, RESULT_MAX + 1, f);
        if (ferror(f))
                return run_report(-EIO, "cannot read %s", path);
        text[n] = '\0';
        if (strlen(text) != n || !g_utf8_validate(text, -1, NULL))
                return run_report(-EILSEQ, "the result is not JSON: %s has bytes that are not UTF-8, or NUL", path);
        *ret = TAKE_PTR(text);
        return 0;
}

static int verb_result(const Verb *verb, int argc, char **argv) {
        g_autofree char *text = NULL;
        char **arguments;
        int r;

        r = parse(verb, NULL, argc, argv, 1, 1, &arguments);
        if (r >= 0)
                return r;
        if (strcmp(arguments[0], "-") == 0)
                r = read_file("-", &text);
        else if (arguments[0][0] == '@')
                r = read_file(arguments[0] + 1, &text);
        else
                text = g_strdup(arguments[0]);
        return text ? CALL_ONCE("SetResult", "s", text) : STATUS_FAILURE;
}

static int verb_progress(const Verb *verb, int argc, char **argv) {
        g_autofree char *text = NULL, *digits = NULL;
        char **arguments;
        guint64 percent;
        int r;

        r = parse(verb, NULL, argc, argv, 1, UINT_MAX, &arguments);
        if (r >= 0)
                return r;
        digits = g_strdup(arguments[0]);
        if (g_str_has_suffix(digits, "%"))
                digits[strlen(digits) - 1] = '\0';
        if (!g_ascii_string_to_unsigned(digits, 10, 0, 100, &percent, NULL))
                return usage_error(verb, "progress: \"%s\" is not a number from 0 to 100.", arguments[0]);
        text = g_strjoinv(" ", arguments + 1);
        return CALL_ONCE("SetProgress", "us", (uint32_t) percent, text);
}

static int verb_fail(const Verb *verb, int argc, char **argv) {
        g_autofree char *text = NULL;
        char **words;
        int r;

        r = parse(verb, NULL, argc, argv, 1, UINT_MAX, &words);
        if (r >= 0)
                return r;
        text = g_strjoinv(" ", words);
        return CALL_ONCE("Fail", "s", text);
}

/* ---- output ---- */

/* What is no file, a pipe, is read to its end first: into memory, and one byte more than jobd takes at most. */
static int spool(int from, const char *path) {
        _cleanup_close_ int to = memfd_create("jobd-job", MFD_CLOEXEC);
        g_autofree char *chunk = g_malloc(64 * 1024);
        size_t size = 0;
        ssize_t n = 1;

        if (to < 0)
                return run_report(-errno, "cannot make a file in memory: %s", g_strerror(errno));
        while (n > 0 && size <= SPOOL_MAX) {
                n = read(from, chunk, 64 * 1024);
                if (n < 0 && errno == EINTR) {
                        n = 1;
                        continue;
                }
                if (n < 0)
                        return run_report(-errno, "cannot read %s: %s", path, g_strerror(errno));
                if (write(to, chunk, (size_t) n) != n)
                        return run_report(-EIO, "cannot write to a file in memory");
                size += (size_t) n;
        }
        return TAKE_FD(to);
}

static int open_file(const char *path) {
        bool is_stdin = strcmp(path, "-") == 0;
        _cleanup_close_ int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return run_report(-errno, "cannot open %s: %s", path, g_strerror(errno));
        if (S_ISDIR(st.st_mode))
                return run_report(-EISDIR, "%s is a directory: put it into an archive first", path);
        if (S_ISREG(st.st_mode) && !is_stdin)
                return TAKE_FD(fd);
        return spool(fd, path);
}

static int add_output(RunClient *c, const char *path, const char *name) {
        g_autofree char *base = name ? g_strdup(name) : g_path_get_basename(path);
        _cleanup_close_ int fd = -EBADF;

        if (!g_utf8_validate(base, -1, NULL))
                return run_report(-EILSEQ, "%s: the name is not UTF-8: give another one by --name=", path);
        fd = open_file(path);
        return fd < 0 ? fd : run_client_call(c, path, "AddOutput", "sh", base, fd);
}

static int verb_output(const Verb *verb, int argc, char **argv) {
        _cleanup_(run_client_freep) RunClient *c = NULL;
        g_autofree char *name = NULL;
        const GOptionEntry entries[] = {
                { "name", 'n', 0, G_OPTION_ARG_STRING, &name, "Call it so, not as the file is called", "NAME" },
                {}
        };
        int r, status = EXIT_SUCCESS;
        char **files;

        r = parse(verb, entries, argc, argv, 1, UINT_MAX, &files);
        if (r >= 0)
                return r;
        if (name && files[1])
                return usage_error(verb, "output: --name= is for one file.");
        for (char **f = files; *f; f++)
                if (strcmp(*f, "-") == 0 && !name)
                        return usage_error(verb, "output: standard input needs a name: --name=.");
        if (run_client_open(&c) < 0)
                return STATUS_FAILURE;
        for (; *files; files++)
                if (add_output(c, *files, name) < 0)
                        status = STATUS_FAILURE;
        return status;
}

/* ---- the program ---- */

static const Verb verbs[] = {
        { "var", "NAME", "Print the value of an input", verb_var },
        { "vars", "", "Print all input, as JSON", verb_vars },
        { "log", "[MESSAGE...]", "Log, or each line of standard input", verb_log },
        { "progress", "PERCENT [TEXT...]", "Say how far the run is", verb_progress },
        { "result", "JSON|-|@FILE", "Give the result of the run", verb_result },
        { "output", "FILE...", "Add files to the run's output", verb_output },
        { "fail", "MESSAGE...", "Say that the run has failed", verb_fail },
};

static void print_help(void) {
        puts("Usage: jobd-job [OPTIONS...] VERB [ARGUMENTS...]\n\n"
             "For programs that jobd runs: read the input, tell what happens.\n");
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                g_autofree char *usage = g_strdup_printf("%s %s", verbs[i].name, verbs[i].arguments);

                printf("  %-26s %s\n", usage, verbs[i].summary);
        }
        puts("\nOptions:\n"
             "  -h, --help                 Show this help\n"
             "  --version                  Show the version\n\n"
             "\"jobd-job VERB --help\" shows the options of a verb; see also jobd-job(1).");
}

static int dispatch(int argc, char **argv) {
        if (argc < 2)
                return usage_error(NULL, "say what to do: jobd-job VERB.");
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
                print_help();
                return EXIT_SUCCESS;
        }
        if (strcmp(argv[1], "--version") == 0) {
                puts("jobd-job " PROJECT_VERSION);
                return EXIT_SUCCESS;
        }
        if (argv[1][0] == '-')
                return usage_error(NULL, "Unknown option %s.", argv[1]);
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (strcmp(verbs[i].name, argv[1]) == 0)
                        return verbs[i].run(verbs + i, argc - 1, argv + 1);
        return usage_error(NULL, "there is no verb \"%s\".", argv[1]);
}

int main(int argc, char **argv) {
        int status;

        (void) setlocale(LC_ALL, "C.UTF-8"); /* a run has no locale of its own, and all text here is UTF-8 */
        if (bus_error_register() < 0)
                abort();
        status = dispatch(argc, argv);
        if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_SUCCESS) {
                (void) run_report(-EIO, "cannot write to standard output");
                status = STATUS_FAILURE;
        }
        return status;
}
