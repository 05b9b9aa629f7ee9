/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>
#include <string.h>

#include "time-span.h"
#include "variable-type.h"

/*
 * Type=duration: a time span as systemd.time(7) writes it ("2min 30s"; a bare number is seconds), or a JSON number of
 * seconds. The job gets a number of seconds, an integer when it is whole. MinValue= and MaxValue= are time spans.
 */

/* µs, 70 years of systemd's. Up to 2^51 a double of seconds gives back the very number of µs that went in. */
#define DURATION_MAX (INT64_C(2209032000) * (int64_t) USEC_PER_SEC)

static int parse_duration(const char *text, int64_t *ret) {
        uint64_t usec;
        int r;

        if (strchr(text, '-')) /* a negative one, which time_span_parse() counts as out of range */
                return -EINVAL;

        r = time_span_parse(text, USEC_PER_SEC, &usec);
        if (r < 0)
                return r;
        if (usec == USEC_INFINITY)
                return -EINVAL;
        if (usec > (uint64_t) DURATION_MAX)
                return -ERANGE;

        *ret = (int64_t) usec;
        return 0;
}

static int finish_bound(const char *text, int64_t *ret, char **ret_error) {
        if (parse_duration(text, ret) < 0)
                return variable_fail(ret_error, "not a time span, such as 2min 30s, or a longer one than is taken");
        return 0;
}

static int duration_finish(Variable *v, VariableKey *ret_key, char **ret_error) {
        return variable_finish_bounds(v, finish_bound, ret_key, ret_error);
}

/* Returns 0, -EINVAL, or -ERANGE for what is beyond DURATION_MAX. */
static int get_duration(JsonNode *value, int64_t *ret) {
        double seconds;

        switch (JSON_NODE_HOLDS_VALUE(value) ? json_node_get_value_type(value) : G_TYPE_INVALID) {
        case G_TYPE_STRING:
                return parse_duration(json_node_get_string(value), ret);
        case G_TYPE_INT64:
        case G_TYPE_DOUBLE:
                seconds = json_node_get_double(value);
                if (!(seconds >= 0))
                        return -EINVAL;
                if (seconds * USEC_PER_SEC > (double) DURATION_MAX)
                        return -ERANGE;
                *ret = llround(seconds * USEC_PER_SEC);
                return 0;
        default:
                return -EINVAL;
        }
}

static JsonNode *duration_to_json(int64_t usec) {
        if (usec % (int64_t) USEC_PER_SEC == 0)
                return json_node_init_int(json_node_alloc(), usec / (int64_t) USEC_PER_SEC);
        return json_node_init_double(json_node_alloc(), (double) usec / USEC_PER_SEC);
}

static JsonNode *duration_check(const Variable *v, JsonNode *value, JsonArray *messages) {
        int64_t usec;
        int r;

        r = get_duration(value, &usec);
        if (r == -ERANGE) /* the last one is longer than any bound */
                usec = INT64_MAX;
        else if (r < 0) {
                variable_message(messages, "Enter a valid duration, such as \"2min 30s\" or a number of seconds.");
                return NULL;
        }

        if (usec < v->min_value) {
                g_autofree char *bound = time_span_format((uint64_t) v->min_value);

                variable_message(messages, "Ensure this value is greater than or equal to %s.", bound);
                return NULL;
        }
        if (usec > MIN(v->max_value, DURATION_MAX)) {
                g_autofree char *bound = time_span_format((uint64_t) MIN(v->max_value, DURATION_MAX));

                variable_message(messages, "Ensure this value is less than or equal to %s.", bound);
                return NULL;
        }
        return duration_to_json(usec);
}

static void duration_describe(const Variable *v, JsonObject *entry) {
        if (v->min_value_text)
                json_object_set_member(entry, "min_value", duration_to_json(v->min_value));
        if (v->max_value_text)
                json_object_set_member(entry, "max_value", duration_to_json(v->max_value));
}

const VariableType duration_variable_type = {
        .name = "duration",
        .keys = VARIABLE_KEYS_COMMON | VARIABLE_KEY_BIT(MIN_VALUE) | VARIABLE_KEY_BIT(MAX_VALUE),
        .finish = duration_finish,
        .check = duration_check,
        .describe = duration_describe,
};
