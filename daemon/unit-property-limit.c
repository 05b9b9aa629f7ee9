/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Settings that are sets of numbers or pairs of limits: Limit*=, CPU sets, SuccessExitStatus=, CoredumpFilter=. */

#include <string.h>

#include "byte-size.h"
#include "time-span.h"
#include "unit-property-internal.h"

typedef int LimitParse(const char *text, uint64_t *ret);

static int limit_size(const char *text, uint64_t *ret) {
        return byte_size_parse(text, 1024, ret);
}

/* RLIMIT_CPU counts whole seconds. */
static int limit_seconds(const char *text, uint64_t *ret) {
        uint64_t usec;
        int r;

        r = time_span_parse(text, USEC_PER_SEC, &usec);
        if (r == 0)
                *ret = usec == USEC_INFINITY ? usec : usec / USEC_PER_SEC + (usec % USEC_PER_SEC > 0);
        return r;
}

static int limit_microseconds(const char *text, uint64_t *ret) {
        return time_span_parse(text, 1, ret);
}

/* "+5" and "-5" are nice levels; a number without a sign is the kernel's own: 20 less the nice level. */
static int limit_nice(const char *text, uint64_t *ret) {
        bool sign = *text == '+' || *text == '-';
        uint64_t number;
        int r;

        r = unit_parse_unsigned(text + sign, &number);
        if (r < 0)
                return r;
        if (number > (*text == '+' ? 19 : *text == '-' ? 20 : 40))
                return -ERANGE;

        *ret = *text == '+' ? 20 - number : *text == '-' ? 20 + number : number;
        return 0;
}

static int limit_one(LimitParse *parse, const char *text, uint64_t *ret) {
        int r;

        /* There is no nice level without bounds. The kernel's number for "no limit" cannot be written as a number. */
        if (strcmp(text, "infinity") == 0 && parse != limit_nice) {
                *ret = UINT64_MAX;
                return 0;
        }

        r = parse(text, ret);
        return r == 0 && *ret == UINT64_MAX ? -ERANGE : r;
}

static int set_limit(const UnitSetting *s, LimitParse *parse, const char *what, const char *value,
                     GPtrArray *properties, char **ret_error) {
        g_auto(GStrv) parts = g_strsplit(value, ":", 3);
        uint64_t soft = 0, hard = 0;

        if (!parts[0] || (parts[1] && parts[2]) || limit_one(parse, parts[0], &soft) < 0 ||
            (parts[1] && limit_one(parse, parts[1], &hard) < 0))
                return unit_setting_error(s, value, ret_error, "not a limit: use %s, or SOFT:HARD", what);
        if (!parts[1])
                hard = soft;
        if (soft > hard)
                return unit_setting_error(s, value, ret_error, "the soft limit is above the hard one: use SOFT:HARD");

        unit_properties_set(properties, s, g_variant_new_uint64(hard));
        unit_properties_put(properties, s->alternate, g_variant_new_uint64(soft));
        return 0;
}

int unit_setting_limit_number(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return set_limit(s, unit_parse_unsigned, "a number or \"infinity\"", value, properties, ret_error);
}

int unit_setting_limit_size(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return set_limit(s, limit_size, "bytes with K, M, G or T or \"infinity\"", value, properties, ret_error);
}

int unit_setting_limit_seconds(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return set_limit(s, limit_seconds, "a time span or \"infinity\"", value, properties, ret_error);
}

int unit_setting_limit_microseconds(const UnitSetting *s, const char *value, GPtrArray *properties,
                                    char **ret_error) {
        return set_limit(s, limit_microseconds, "a time span or \"infinity\"", value, properties, ret_error);
}

int unit_setting_limit_nice(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        return set_limit(s, limit_nice, "a nice level with its sign, from -20 to +19, or a number from 0 to 40",
                         value, properties, ret_error);
}

/* Adds to what the property holds; more than one line adds up, as in a unit file. */
static void merge_cpu_set(const UnitSetting *s, GString *set, GPtrArray *properties) {
        const UnitProperty *p = unit_property_find(properties, unit_setting_property(s));
        const unsigned char *before;
        gsize n_before;

        if (p) {
                before = g_variant_get_fixed_array(p->value, &n_before, 1);
                while (set->len < n_before)
                        g_string_append_c(set, 0);
                for (gsize i = 0; i < n_before; i++)
                        set->str[i] = (char) ((unsigned char) set->str[i] | before[i]);
        }

        unit_properties_set(properties, s, g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, set->str, set->len, 1));
}

int unit_setting_cpu_set(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autoptr(GString) set = NULL;

        if (unit_parse_cpu_set(value, &set) < 0 || set->len == 0)
                return unit_setting_error(s, value, ret_error,
                                          "not a list of numbers up to 8191: use single ones and ranges, such as "
                                          "0,2-5");

        merge_cpu_set(s, set, properties);
        return 0;
}

int unit_setting_cpu_affinity(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        if (strcmp(value, "numa") == 0) {
                unit_properties_set_alternate(properties, s, g_variant_new_boolean(true));
                return 0;
        }

        return unit_setting_cpu_set(s, value, properties, ret_error);
}

/* The highest node that the host has; what the kernel can have at most where it does not say. */
static unsigned numa_max_node(void) {
        g_autoptr(GDir) dir = g_dir_open("/sys/devices/system/node", 0, NULL);
        const char *name;
        guint64 node;
        unsigned max = 0;

        if (!dir)
                return 1023;

        while ((name = g_dir_read_name(dir)))
                if (g_str_has_prefix(name, "node") &&
                    g_ascii_string_to_unsigned(name + strlen("node"), 10, 0, 8191, &node, NULL))
                        max = MAX(max, (unsigned) node);

        return max;
}

int unit_setting_numa_mask(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        g_autofree char *all = NULL;

        if (strcmp(value, "all") == 0)
                all = g_strdup_printf("0-%u", numa_max_node());

        return unit_setting_cpu_set(s, all ?: value, properties, ret_error);
}

int unit_setting_coredump_filter(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        const UnitProperty *p = unit_property_find(properties, unit_setting_property(s));
        uint64_t mask = p ? g_variant_get_uint64(p->value) : 0, number;
        g_auto(GStrv) words = NULL;

        if (unit_words(value, NULL, 0, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a backslash stands alone");

        for (char **word = words; *word; word++) {
                const UnitName *found = unit_name_find(s->names, *word);
                g_autofree char *names = NULL;

                if (!found && unit_parse_hex(*word, &number) < 0) {
                        names = unit_names_join(s->names);
                        return unit_setting_error(s, value, ret_error,
                                                  "no such mapping: use hexadecimal digits, %s", names);
                }
                mask |= found ? found->value : number;
        }

        unit_properties_set(properties, s, g_variant_new_uint64(mask));
        return 0;
}

static void add_once(GArray *numbers, gint32 number) {
        for (guint i = 0; i < numbers->len; i++)
                if (g_array_index(numbers, gint32, i) == number)
                        return;

        g_array_append_val(numbers, number);
}

static GVariant *numbers_variant(GArray *numbers) {
        return g_variant_new_fixed_array(G_VARIANT_TYPE_INT32, numbers->data, numbers->len, sizeof(gint32));
}

static GArray *numbers_of(const UnitProperty *p, gsize child) {
        GArray *numbers = g_array_new(FALSE, FALSE, sizeof(gint32));
        g_autoptr(GVariant) list = p ? g_variant_get_child_value(p->value, child) : NULL;
        gsize n;

        if (list) {
                gconstpointer values = g_variant_get_fixed_array(list, &n, sizeof(gint32));

                g_array_append_vals(numbers, values, (guint) n);
        }

        return numbers;
}

/* Numbers are exit statuses, so that only a name is a signal. */
int unit_setting_exit_status(const UnitSetting *s, const char *value, GPtrArray *properties, char **ret_error) {
        const UnitProperty *p = unit_property_find(properties, unit_setting_property(s));
        g_autoptr(GArray) statuses = numbers_of(p, 0), signals = numbers_of(p, 1);
        g_auto(GStrv) words = NULL;
        int number;

        if (unit_words(value, NULL, UNIT_WORD_UNQUOTE, &words) < 0)
                return unit_setting_error(s, value, ret_error, "a quote is not closed");

        for (char **word = words; *word; word++) {
                number = unit_exit_status_from_name(*word);
                if (number >= 0) {
                        add_once(statuses, number);
                        continue;
                }

                number = g_ascii_isdigit(**word) ? -ERANGE : unit_signal_from_name(*word);
                if (number < 0)
                        return unit_setting_error(s, value, ret_error,
                                                  "\"%s\" is neither an exit status nor a signal: use numbers from 0 "
                                                  "to 255 and names such as TEMPFAIL or SIGUSR1", *word);
                add_once(signals, number);
        }

        unit_properties_set(properties, s, g_variant_new("(@ai@ai)", numbers_variant(statuses),
                                                         numbers_variant(signals)));
        return 0;
}
