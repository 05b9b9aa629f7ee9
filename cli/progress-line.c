/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "output.h"
#include "progress-line.h"

enum {
        BAR_WIDTH = 20,
        BAR_COLUMNS = 5 + BAR_WIDTH + 2, /* of " 45% [...]" */
        COLUMNS_DEFAULT = 80,
};

static struct {
        bool enabled;
        bool shown;
        char *text; /* NULL: there is nothing to show */
        int64_t percent;
} line;

/* As many characters as fit: East Asian ones take two columns, combining ones none. */
static void append_cut(GString *out, const char *text, unsigned columns) {
        for (const char *p = text; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);
                unsigned width = g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;

                if (width > columns)
                        return;
                columns -= width;
                g_string_append_unichar(out, c);
        }
}

char *progress_line_format(int64_t percent, const char *text, unsigned columns, bool ascii) {
        GString *out = g_string_new(NULL);
        g_autofree char *safe = escape_text(text ?: "", -1, ascii ? ESCAPE_ASCII : 0);
        int64_t done = CLAMP(percent, 0, 100);

        g_string_append_printf(out, "%3" PRIi64 "%%", done);
        /* The last column stays empty: terminals differ in what they do after a character there. */
        if (columns <= BAR_COLUMNS)
                return g_string_free(out, false);
        g_string_append(out, " [");
        for (int i = 0; i < BAR_WIDTH; i++)
                g_string_append_c(out, i < done * BAR_WIDTH / 100 ? '#' : ' ');
        g_string_append_c(out, ']');
        if (safe[0] && columns > BAR_COLUMNS + 2) {
                g_string_append_c(out, ' ');
                append_cut(out, safe, columns - BAR_COLUMNS - 2);
        }
        return g_string_free(out, false);
}

void progress_line_enable(void) {
        const char *term = getenv("TERM");

        line.enabled = isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

void progress_line_show(void) {
        g_autofree char *shown = NULL;
        struct winsize size;
        unsigned columns = COLUMNS_DEFAULT;

        if (!line.enabled || !line.text || line.shown)
                return;
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) >= 0 && size.ws_col > 0)
                columns = size.ws_col;
        shown = progress_line_format(line.percent, line.text, columns,
                                     terminal_escape_flags(STDERR_FILENO) & ESCAPE_ASCII);
        (void) fflush(stdout); /* what was printed before belongs above it */
        fprintf(stderr, "\r%s\033[K", shown);
        (void) fflush(stderr);
        line.shown = true;
}

void progress_line_clear(void) {
        if (!line.shown)
                return;
        (void) fputs("\r\033[K", stderr);
        (void) fflush(stderr);
        line.shown = false;
}

void progress_line_set(int64_t percent, const char *text) {
        if (!line.enabled)
                return;
        if (percent < 0) {
                progress_line_clear();
                g_clear_pointer(&line.text, g_free);
                return;
        }
        if (line.shown && line.percent == percent && strcmp(line.text, text ?: "") == 0)
                return;
        g_free(line.text);
        line.text = g_strdup(text ?: "");
        line.percent = percent;
        line.shown = false; /* drawn over, from the beginning of the line to its end */
        progress_line_show();
}
