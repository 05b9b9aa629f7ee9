/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "job-class-environment.h"
#include "variable.h"

#define PREFIX "JOB_VAR_"

typedef struct Search {
        const JobClass *class;
        GHashTable *seen; /* names, owned */
        const char *position;
        GPtrArray *warnings;
} Search;

static bool is_name_character(char c) {
        return g_ascii_isalnum(c) || c == '_';
}

static void check_name(Search *s, const char *name) {
        const Variable *v = variables_find(s->class->variables, name);
        bool is_sensitive = v && (s->class->values.has_sensitive_variables || variable_is_sensitive(v));

        if (!g_hash_table_add(s->seen, g_strdup(name)))
                return;
        if (!v)
                g_ptr_array_add(s->warnings,
                                g_strdup_printf("%s: $" PREFIX "%s: there is no variable '%s', so it is empty",
                                                s->position, name, name));
        else if (is_sensitive)
                g_ptr_array_add(s->warnings,
                                g_strdup_printf("%s: $" PREFIX "%s: the variable '%s' is sensitive, so it is not in the "
                                                "environment and this is empty: have the program ask for it by "
                                                "\"jobd-job var %s\"",
                                                s->position, name, name, name));
}

/* Whether it is systemd that replaces it, or a shell: both know the same environment. */
static void search_text(Search *s, const char *text) {
        for (const char *p = text; (p = strstr(p, PREFIX)); p += strlen(PREFIX)) {
                const char *name = p + strlen(PREFIX), *end = name;
                bool is_expansion = p > text && (p[-1] == '$' || (p[-1] == '{' && p > text + 1 && p[-2] == '$'));

                while (is_name_character(*end))
                        end++;
                if (is_expansion && end > name) {
                        g_autofree char *copy = g_strndup(name, (size_t) (end - name));

                        check_name(s, copy);
                }
        }
}

static void search_value(Search *s, GVariant *value) {
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING)) {
                search_text(s, g_variant_get_string(value, NULL));
                return;
        }
        for (gsize i = 0; g_variant_is_container(value) && i < g_variant_n_children(value); i++) {
                g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

                search_value(s, child);
        }
}

void job_class_check_environment(const JobClass *class, const char *position, GPtrArray *warnings) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        Search s = { class, seen, position, warnings };

        for (guint i = 0; i < class->properties->len; i++) {
                const UnitProperty *p = class->properties->pdata[i];

                if (g_str_has_prefix(p->name, "Exec"))
                        search_value(&s, p->value);
        }
}
