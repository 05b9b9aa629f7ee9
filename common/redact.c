/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "macro.h"
#include "redact.h"

#define REPLACEMENT "(redacted)"
#define VERB_CHARACTERS "abcdefghijklmnopqrstuvwxyz-"
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_."

enum { NAME_MAX_LENGTH = 256 }; /* so much is looked at before each keyword */

/* The blank-separated word that is being read, so that no part of it is searched twice. */
typedef struct Word {
        const char *begin, *end;
        const char *last_at; /* its last "@"; NULL: none */
} Word;

static void word_find(Word *w, const char *begin) {
        const char *p;

        w->begin = begin;
        w->last_at = NULL;
        for (p = begin; *p && !g_ascii_isspace(*p); p++)
                if (*p == '@')
                        w->last_at = p;
        w->end = p;
}

static const char *skip_blanks(const char *p) {
        while (g_ascii_isspace(*p))
                p++;
        return p;
}

/* ---- URLs ---- */

/* Nothing else than a port may follow the ":" of a host, so this is a password that goes on after a "/". */
static bool is_port(const char *p, const char *end) {
        while (p < end && g_ascii_isdigit(*p))
                p++;
        return p == end;
}

/* p: after "://". Where the credentials end, at a "@"; NULL when there are none. */
static const char *credentials_end(const Word *w, const char *p) {
        const char *end = p + strcspn(p, "/?#\"<> \t\n\v\f\r"), *colon;

        if (!w->last_at || w->last_at < p)
                return NULL;
        if (memchr(p, '@', (size_t) (end - p)))
                return w->last_at;
        colon = *p == '[' ? NULL : memchr(p, ':', (size_t) (end - p));
        return colon && !is_port(colon + 1, end) ? w->last_at : NULL;
}

static bool begins_authority(const Word *w, const char *p) {
        return p > w->begin && g_ascii_isalnum(p[-1]) && strncmp(p, "://", 3) == 0;
}

/* ---- words after words ---- */

/* The longer of two that begin alike stands first. */
static const char *const keywords[] = { "username", "password", "passwd", "pwd", "secrets", "secret" };

/* The length of the keyword at p, 0 when there is none. */
static size_t keyword_length(const char *p) {
        for (size_t i = 0; i < ELEMENTSOF(keywords); i++) {
                size_t n = strlen(keywords[i]);

                if (g_ascii_strncasecmp(p, keywords[i], n) == 0)
                        return n;
        }
        return 0;
}

/* "/etc/passwd: Permission denied": the last component of an absolute path. */
static bool is_file_name(const Word *w, const char *keyword, const char *end) {
        const char *path = w->begin + strspn(w->begin, "\"'(");

        return *path == '/' && keyword > path + 1 && keyword[-1] == '/' && *end != '=';
}

static bool ends_with(const GString *out, size_t size, const char *text) {
        size_t n = strlen(text);

        return size >= n && g_ascii_strncasecmp(out->str + size - n, text, n) == 0;
}

/* How much of out is left without the characters that stand at its end. */
static size_t without(const GString *out, size_t size, const char *characters) {
        size_t n = size;

        while (n > 0 && size - n < NAME_MAX_LENGTH && strchr(characters, out->str[n - 1]))
                n--;
        return n;
}

/*
 * "job 'vault.RotateSecret' has failed", "\"jobctl enable vault.RotateSecret\" after reviewing it", as jobd itself writes:
 * a keyword that ends the name of a job. Looks at what has become of the text before it, so that it is the same if it is
 * redacted once more.
 */
static bool is_job_name(const GString *out, const char *end) {
        size_t size = without(out, out->len, NAME_CHARACTERS);

        if (*end == '\'')
                return ends_with(out, size, "job '");
        if (*end != '"' || !ends_with(out, size, " "))
                return false;
        return ends_with(out, without(out, size - 1, VERB_CHARACTERS), "\"jobctl ");
}

/* "is" with blanks around it, perhaps a ":" or the like after it. Where the next word begins, NULL: there is none. */
static const char *skip_is(const char *p) {
        const char *after;

        if (g_ascii_strncasecmp(p, "is", 2) != 0)
                return NULL;
        p += 2;
        if (g_ascii_ispunct(*p))
                p++;
        after = skip_blanks(p);
        return after > p && *after ? after : NULL;
}

/* p: after a keyword. Where the word that is to go begins; NULL when none belongs to the keyword. */
static const char *find_value(const char *p) {
        const char *after, *value;

        if (*p == '\\') /* JSON in a string of JSON */
                p++;
        if (*p == '"' || *p == '\'')
                p++;

        after = skip_blanks(p);
        if (*after == ':' || *after == '=') {
                while (*after == ':' || *after == '=' || *after == '>') /* also ":=", "==" and "=>" */
                        after++;
                value = skip_blanks(after);
                return *value ? value : NULL;
        }
        if (after == p || !*after)
                return NULL;
        return skip_is(after) ?: after;
}

/* The closing quote on the same line; NULL: none. Each kind is missed once a line, since no other one follows then. */
static const char *closing_quote(const char *p) {
        char quote = *p++;

        for (; *p && *p != '\n' && *p != quote; p++)
                if (*p == '\\' && p[1])
                        p++;
        return *p == quote ? p : NULL;
}

static const char *value_end(const char *value) {
        const char *quote = *value == '"' || *value == '\'' ? closing_quote(value) : NULL;
        const char *p = quote ?: value;

        while (*p && !g_ascii_isspace(*p))
                p++;
        return p;
}

/* What was taken away may itself be a keyword, "username password x": the end of that; NULL: it is none. */
static const char *keyword_in_value(const char *value) {
        size_t n;

        value += strspn(value, "\"'\\");
        n = keyword_length(value);
        return n > 0 ? value + n : NULL;
}

/* p: after a keyword. Appends all up to the end of what belongs to it; NULL: nothing does. */
static const char *redact_value(GString *out, const char *p) {
        const char *value = find_value(p), *copied = p;

        while (value && value >= copied) {
                const char *keyword = keyword_in_value(value);

                g_string_append_len(out, copied, value - copied);
                g_string_append(out, REPLACEMENT);
                copied = value_end(value);
                value = keyword ? find_value(keyword) : NULL;
        }
        return copied > p ? copied : NULL;
}

char *redact(const char *text) {
        GString *out = g_string_sized_new(strlen(text));
        const char *p = text, *end;
        Word word;
        size_t n;

        word_find(&word, p);
        while (*p) {
                if (p >= word.end)
                        word_find(&word, p);

                end = NULL;
                if (begins_authority(&word, p)) {
                        end = credentials_end(&word, p + 3);
                        if (end)
                                g_string_append(out, "://" REPLACEMENT);
                } else if ((n = keyword_length(p)) > 0 && !is_file_name(&word, p, p + n)) {
                        bool is_name = is_job_name(out, p + n);

                        g_string_append_len(out, p, (gssize) n);
                        p += n;
                        end = is_name ? NULL : redact_value(out, p);
                        if (!end)
                                continue;
                }
                if (!end) {
                        g_string_append_c(out, *p++);
                        continue;
                }
                p = end;
        }
        return g_string_free(out, false);
}
