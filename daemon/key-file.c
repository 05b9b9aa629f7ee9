/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "error-text.h"
#include "key-file.h"

#define EXCERPT_MAX 40

typedef struct Reader {
        const char *path;
        char *section; /* NULL before the first header */
        KeyFileHandler handler;
        void *userdata;
} Reader;

static unsigned line_of(const char *text, const char *position) {
        unsigned line = 1;

        for (const char *p = text; p < position; p++)
                line += *p == '\n';

        return line;
}

static bool is_control(const char *p, const char *end) {
        unsigned char c = (unsigned char) *p;

        if (c == '\r')
                return p + 1 == end || p[1] != '\n';

        /* U+0080 to U+009F, the other half of the control characters, begin with 0xC2 in UTF-8 */
        if (c == 0xC2)
                return p + 1 < end && (unsigned char) p[1] < 0xA0;

        return (c < 0x20 && c != '\t' && c != '\n') || c == 0x7F;
}

static int check_encoding(const char *path, const char *text, size_t size, char **ret_error) {
        const char *end = NULL;

        if ((size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) ||
            (size >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0)))
                return error_text(ret_error, "%s:1: starts with a byte order mark; save it as UTF-8 without one",
                                  path);

        if (g_utf8_validate_len(text, size, &end))
                return 0;

        if (*end == '\0')
                return error_text(ret_error, "%s:%u: has a NUL byte; it must be a text file",
                                  path, line_of(text, end));

        return error_text(ret_error, "%s:%u: byte 0x%02x is not UTF-8; save the file as UTF-8", path,
                          line_of(text, end), (unsigned char) *end);
}

static int check_text(const char *path, const char *text, size_t size, unsigned lines_max, char **ret_error) {
        const char *end = text + size;
        unsigned lines = 0;
        int r;

        r = check_encoding(path, text, size, ret_error);
        if (r < 0)
                return r;

        for (const char *p = text; p < end; p++) {
                if (is_control(p, end))
                        return error_text(ret_error,
                                          "%s:%u: has the control character U+%04X; only tab is allowed, write others "
                                          "as \\xNN where a setting takes that",
                                          path, line_of(text, p), g_utf8_get_char(p));

                if (*p == '\n' && ++lines == lines_max && p + 1 < end)
                        return error_text(ret_error, "%s:%u: has more than %u lines, which is the most", path,
                                          lines_max + 1, lines_max);
        }

        return 0;
}

/* An odd number of backslashes at the end: an even number is backslashes that are meant. */
static bool is_continued(const char *line, size_t size) {
        size_t n = 0;

        while (n < size && line[size - n - 1] == '\\')
                n++;

        return n % 2 == 1;
}

static int call_handler(Reader *reader, unsigned line, const char *key, const char *value, char **ret_error) {
        g_autofree char *error = NULL;
        int r;

        r = reader->handler(
                        &(KeyFileLine) {
                                .line = line,
                                .section = reader->section,
                                .key = key,
                                .value = value,
                        },
                        reader->userdata, &error);
        if (r < 0)
                (void) error_text(ret_error, "%s:%u: %s", reader->path, line, error ?: g_strerror(-r));

        return MIN(r, 0);
}

static int take_header(Reader *reader, unsigned line, char *text, char **ret_error) {
        g_autofree char *excerpt = text_excerpt(text, EXCERPT_MAX);
        size_t size = strlen(text);
        char *name;

        if (text[size - 1] != ']')
                return error_text(ret_error, "%s:%u: \"%s\" is not a section header; it must end in \"]\"",
                                  reader->path, line, excerpt);

        text[size - 1] = '\0';
        name = g_strstrip(text + 1);
        if (*name == '\0' || strpbrk(name, "[]") || strlen(name) > KEY_FILE_SECTION_MAX)
                return error_text(ret_error, "%s:%u: \"%s\" is not a section header; write [NAME]", reader->path, line,
                                  excerpt);

        g_free(reader->section);
        reader->section = g_strdup(name);

        return call_handler(reader, line, NULL, NULL, ret_error);
}

static bool key_is_valid(const char *key) {
        size_t n = strspn(key, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-");

        return n > 0 && n <= KEY_FILE_KEY_MAX && key[n] == '\0';
}

static int take_assignment(Reader *reader, unsigned line, char *text, char **ret_error) {
        g_autofree char *excerpt = text_excerpt(text, EXCERPT_MAX);
        char *equals, *key;

        equals = strchr(text, '=');
        if (!equals)
                return error_text(ret_error,
                                  "%s:%u: \"%s\" has no \"=\"; a line is KEY=VALUE, [SECTION], or a comment "
                                  "from # or ;",
                                  reader->path, line, excerpt);

        *equals = '\0';
        key = g_strstrip(text);
        if (!key_is_valid(key))
                return error_text(ret_error,
                                  "%s:%u: \"%s\" does not begin with a key; a key is letters, digits and "
                                  "\"-\", up to %d",
                                  reader->path, line, excerpt, KEY_FILE_KEY_MAX);

        if (!reader->section)
                return error_text(ret_error, "%s:%u: %s=: stands before the first [SECTION]; move it into one",
                                  reader->path, line, key);

        return call_handler(reader, line, key, g_strstrip(equals + 1), ret_error);
}

static int take_line(Reader *reader, unsigned line, char *text, char **ret_error) {
        text = g_strstrip(text);

        if (*text == '\0')
                return 0;
        if (*text == '[')
                return take_header(reader, line, text, ret_error);

        return take_assignment(reader, line, text, ret_error);
}

static bool is_comment(const char *p, const char *end) {
        while (p < end && (*p == ' ' || *p == '\t'))
                p++;

        return p < end && (*p == '#' || *p == ';');
}

static int read_lines(Reader *reader, const char *text, size_t size, char **ret_error) {
        g_autoptr(GString) joined = g_string_new(NULL);
        const char *end = text + size, *next;
        unsigned line = 0, first = 0;
        bool continued = false;
        int r;

        for (const char *p = text; p < end; p = next) {
                const char *eol = memchr(p, '\n', end - p) ?: end;

                line++;
                next = eol < end ? eol + 1 : end;
                if (eol > p && eol[-1] == '\r')
                        eol--;

                /* Also between two lines that are joined; their blanks stay, both as in a unit file */
                if (is_comment(p, eol))
                        continue;

                if (!continued) {
                        g_string_truncate(joined, 0);
                        first = line;
                }
                g_string_append_len(joined, p, eol - p);

                continued = is_continued(p, eol - p);
                if (continued) {
                        joined->str[joined->len - 1] = ' ';
                        continue;
                }

                r = take_line(reader, first, joined->str, ret_error);
                if (r < 0)
                        return r;
        }

        /* A backslash at the end of the file joins with nothing */
        return continued ? take_line(reader, first, joined->str, ret_error) : 0;
}

int key_file_parse(
                const char *path,
                const char *text,
                size_t size,
                unsigned lines_max,
                KeyFileHandler handler,
                void *userdata,
                char **ret_error) {

        Reader reader = {
                .path = path,
                .handler = handler,
                .userdata = userdata,
        };
        int r;

        if (size == 0)
                return 0;

        r = check_text(path, text, size, lines_max, ret_error);
        if (r < 0)
                return r;

        r = read_lines(&reader, text, size, ret_error);
        g_free(reader.section);

        return r;
}
