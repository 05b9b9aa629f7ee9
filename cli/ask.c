/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <termios.h>

#include "ask-objects.h"
#include "ask.h"
#include "output.h"
#include "variable-text.h"

enum { ANSWER_MAX = 64 * 1024 };

bool ask_possible(void) {
        return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool ask_yes(const char *format, ...) {
        char answer[8] = "";
        va_list arguments;

        va_start(arguments, format);
        (void) vfprintf(stderr, format, arguments);
        va_end(arguments);
        if (!fgets(answer, sizeof(answer), stdin))
                fputc('\n', stderr);
        g_strchomp(answer);
        return g_ascii_strcasecmp(answer, "y") == 0 || g_ascii_strcasecmp(answer, "yes") == 0;
}

static bool is_missing(JsonObject *variable, JsonObject *data) {
        const char *name = json_string(variable, "name");
        JsonNode *value = json_object_get_member(variable, "default");

        return name && json_boolean(variable, "required") && (!value || JSON_NODE_HOLDS_NULL(value)) &&
               !json_object_has_member(data, name);
}

static void print_prompt(JsonObject *variable) {
        EscapeFlags flags = terminal_escape_flags(STDERR_FILENO);
        const char *help = json_string(variable, "help_text") ?: "";
        g_autofree char *first_line = g_strndup(help, strcspn(help, "\n"));
        g_autofree char *safe_help = escape_text(first_line, -1, flags);
        g_autofree char *name = escape_text(json_string(variable, "name"), -1, flags);

        fprintf(stderr, "%s (%s%s%s): ", name, json_string(variable, "type") ?: "string", safe_help[0] ? ": " : "",
                safe_help);
}

/* Ctrl-C while the echo is off would leave it off, so it is no signal then but a character, and ends the input. */
static bool echo_off(struct termios *saved) {
        struct termios t;

        if (tcgetattr(STDIN_FILENO, saved) < 0)
                return false;
        t = *saved;
        t.c_lflag &= ~(tcflag_t) (ECHO | ISIG);
        t.c_lflag |= ICANON | ECHONL;
        t.c_cc[VEOL] = 3; /* Ctrl-C */
        return tcsetattr(STDIN_FILENO, TCSAFLUSH, &t) == 0;
}

/* The answer without its newline, NULL at the end of the input. Not by stdio, whose buffer would keep a secret. */
static char *read_answer(void) {
        GString *line = g_string_new(NULL);
        char *answer = NULL;

        for (;;) {
                char c;
                ssize_t n = read(STDIN_FILENO, &c, 1);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0 || c == 3 || line->len >= ANSWER_MAX)
                        break;
                if (c == '\n') {
                        answer = g_strdup(line->str);
                        break;
                }
                g_string_append_c(line, c);
        }
        explicit_bzero(line->str, line->len);
        g_string_free(line, true);
        return answer;
}

/* The echo is off before there is a prompt: who sees it may type. */
static char *prompt_and_read(JsonObject *variable) {
        /* Of a file it is the contents that are sensitive, and not its path. */
        bool sensitive = json_boolean(variable, "sensitive") && !run_files_is_file(variable);
        struct termios saved;
        char *answer;

        if (sensitive && !echo_off(&saved))
                return NULL;
        print_prompt(variable);
        answer = read_answer();
        if (sensitive)
                (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
        if (!answer)
                fputc('\n', stderr);
        return answer;
}

/* Wipes the answer, which may be a secret. */
static int take_answer(JsonObject *variable, JsonObject *data, const AskTools *tools, char **offered, char *answer,
                       char **ret_error) {
        JsonNode *value;
        int r;

        if (run_files_is_file(variable))
                return run_files_open(tools->files, variable, data, answer, ret_error);
        if (ask_objects_is_one(variable))
                r = ask_objects_take(tools->connection, variable, offered, answer, &value, ret_error);
        else
                r = variable_text_to_json(json_string(variable, "type") ?: "string", answer, &value,
                                          ret_error);
        explicit_bzero(answer, strlen(answer));
        if (r >= 0)
                json_object_set_member(data, json_string(variable, "name"), value);
        return r;
}

static int ask_one(JsonObject *variable, JsonObject *data, const AskTools *tools) {
        g_auto(GStrv) offered = ask_objects_is_one(variable) ? ask_objects_offer(tools->connection, variable, data) : NULL;

        for (;;) {
                g_autofree char *answer = NULL, *error = NULL;
                int r;

                answer = prompt_and_read(variable);
                if (!answer)
                        return -ECANCELED;
                if (answer[0] == '\0')
                        return 0;
                r = take_answer(variable, data, tools, offered, answer, &error);
                if (r >= 0)
                        return 0;
                fprintf(stderr, "%s\n", error ?: g_strerror(-r));
        }
}

static int ask(JsonArray *variables, JsonObject *data, const AskTools *tools, bool all) {
        for (unsigned i = 0; i < json_array_get_length(variables); i++) {
                JsonNode *node = json_array_get_element(variables, i);
                JsonObject *variable = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
                int r;

                if (!variable || !(all || is_missing(variable, data)))
                        continue;
                r = ask_one(variable, data, tools);
                if (r < 0)
                        return r;
        }
        return 0;
}

int ask_missing(JsonArray *variables, JsonObject *data, const AskTools *tools) {
        return ask(variables, data, tools, false);
}

int ask_all(JsonArray *variables, JsonObject *data, const AskTools *tools) {
        return ask(variables, data, tools, true);
}
