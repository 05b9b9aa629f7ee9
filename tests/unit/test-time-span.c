/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "time-span.h"

#include <inttypes.h>
#include <string.h>

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)
#define MONTH (2629800 * USEC_PER_SEC) /* 30.44 days: systemd.time(7) */
#define YEAR (31557600 * USEC_PER_SEC) /* 365.25 days */

/* Values from systemd.time(7) and "systemd-analyze timespan". */
static const struct {
        const char *text;
        uint64_t usec;
} spans[] = {
        { "2 h", 2 * HOUR },
        { "2hours", 2 * HOUR },
        { "48hr", 48 * HOUR },
        { "1y 12month", YEAR + 12 * MONTH },
        { "55s500ms", 55 * USEC_PER_SEC + 500 * USEC_PER_MSEC },
        { "300ms20s 5day", 300 * USEC_PER_MSEC + 20 * USEC_PER_SEC + 5 * DAY },
        { "0", 0 },
        { "90", 90 * USEC_PER_SEC },
        { "5min", 5 * MINUTE },
        { "2min 30s", 2 * MINUTE + 30 * USEC_PER_SEC },
        { "1.5h", 90 * MINUTE },
        { ".5s", 500 * USEC_PER_MSEC },
        { "0.000001", 1 },
        { "0.0000019s", 1 },
        { "1.5us", 1 },
        { "5 3", 8 * USEC_PER_SEC },
        { "5 .5", 5500 * USEC_PER_MSEC },
        { "1h30", HOUR + 30 * USEC_PER_SEC },
        { "+5", 5 * USEC_PER_SEC },
        { " \t7 \n", 7 * USEC_PER_SEC },
        { "010", 10 * USEC_PER_SEC },
        { "1s1s", 2 * USEC_PER_SEC },
        { "1us", 1 },
        { "1usec", 1 },
        { "1\302\265s", 1 }, /* micro sign */
        { "1\316\274s", 1 }, /* Greek mu */
        { "1ms", USEC_PER_MSEC },
        { "1msec", USEC_PER_MSEC },
        { "1s", USEC_PER_SEC },
        { "1sec", USEC_PER_SEC },
        { "1second", USEC_PER_SEC },
        { "1seconds", USEC_PER_SEC },
        { "1m", MINUTE },
        { "1min", MINUTE },
        { "1minute", MINUTE },
        { "1minutes", MINUTE },
        { "1h", HOUR },
        { "1hr", HOUR },
        { "1hour", HOUR },
        { "1hours", HOUR },
        { "1d", DAY },
        { "1day", DAY },
        { "1days", DAY },
        { "1w", WEEK },
        { "1week", WEEK },
        { "1weeks", WEEK },
        { "1M", MONTH },
        { "1month", MONTH },
        { "1months", MONTH },
        { "1y", YEAR },
        { "1year", YEAR },
        { "1years", YEAR },
        { "584541y", 584541 * YEAR },
        { "9223372036854775807us", INT64_MAX },
        { "9223372036854775807us 9223372036854775807us", UINT64_MAX - 1 },
        { "infinity", USEC_INFINITY },
        { " infinity ", USEC_INFINITY },
};

static const struct {
        const char *text;
        int error;
} wrong[] = {
        { "", -EINVAL },
        { " ", -EINVAL },
        { "s", -EINVAL },
        { "five", -EINVAL },
        { "5x", -EINVAL },
        { "5 x", -EINVAL },
        { "5mins", -EINVAL },
        { "5H", -EINVAL },
        { "5MS", -EINVAL },
        { "5ns", -EINVAL },
        { "5.", -EINVAL },
        { "5.s", -EINVAL },
        { ".", -EINVAL },
        { "1.2.3", -EINVAL },
        { "1,5s", -EINVAL },
        { "1e3", -EINVAL },
        { "0x10", -EINVAL },
        { "5%", -EINVAL },
        { "+", -EINVAL },
        { "+-5", -EINVAL },
        { "5+5", -EINVAL },
        { "5;", -EINVAL },
        { "$(reboot)", -EINVAL },
        { "%n", -EINVAL },
        { "5\303", -EINVAL },
        { "infinity 5", -EINVAL },
        { "5 infinity", -EINVAL },
        { "Infinity", -EINVAL },
        { "infinitys", -EINVAL },
        { "-5", -ERANGE },
        { "-0", -ERANGE },
        { "5 -3", -ERANGE },
        { "9223372036854775808us", -ERANGE },
        { "9223372036854775807us 9223372036854775807us 1us", -ERANGE },
        { "18446744073709551615us", -ERANGE },
        { "18446744073709551616us", -ERANGE },
        { "99999999999999999999999999", -ERANGE },
        { "9223372036854775807s", -ERANGE },
        { "584543y", -ERANGE },
        { "584541y 2y", -ERANGE },
};

/* Of every order of magnitude alike. */
static uint64_t random_usec(GRand *rand) {
        uint64_t bits = (uint64_t) g_rand_int(rand) << 32 | g_rand_int(rand);

        return bits >> g_rand_int_range(rand, 0, 64);
}

static void test_parse(void) {
        for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
                uint64_t usec = 1;

                g_test_message("\"%s\"", spans[i].text);
                g_assert_cmpint(time_span_parse(spans[i].text, USEC_PER_SEC, &usec), ==, 0);
                g_assert_cmpuint(usec, ==, spans[i].usec);
        }
}

static void test_parse_wrong(void) {
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                g_autofree char *shown = g_strescape(wrong[i].text, NULL);
                uint64_t usec = 4711;

                g_test_message("\"%s\"", shown);
                g_assert_cmpint(time_span_parse(wrong[i].text, USEC_PER_SEC, &usec), ==, wrong[i].error);
                g_assert_cmpuint(usec, ==, 4711);
        }
}

static void test_default_unit(void) {
        uint64_t usec;

        g_assert_cmpint(time_span_parse("90", 1, &usec), ==, 0);
        g_assert_cmpuint(usec, ==, 90);
        g_assert_cmpint(time_span_parse("1.9", 1, &usec), ==, 0);
        g_assert_cmpuint(usec, ==, 1);
        g_assert_cmpint(time_span_parse("2 3s", MINUTE, &usec), ==, 0);
        g_assert_cmpuint(usec, ==, 2 * MINUTE + 3 * USEC_PER_SEC);
}

static void test_long(void) {
        g_autofree char *many = g_strnfill(1024 * 1024, '9'), *fraction = g_strconcat("0.", many, NULL);
        uint64_t usec;

        g_assert_cmpint(time_span_parse(many, USEC_PER_SEC, &usec), ==, -ERANGE);
        g_assert_cmpint(time_span_parse(fraction, USEC_PER_SEC, &usec), ==, 0);
        g_assert_cmpuint(usec, ==, 999999);
}

static void test_nsec(void) {
        static const struct {
                const char *text;
                uint64_t nsec;
        } good[] = {
                { "50", 50 },
                { "1ns", 1 },
                { "7nsec", 7 },
                { "1us", 1000 },
                { "1.5us 1", 1501 },
                { "1s", UINT64_C(1000000000) },
                { "584y", 584 * YEAR * 1000 },
                { "infinity", UINT64_MAX },
        };
        uint64_t nsec;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                g_test_message("\"%s\"", good[i].text);
                g_assert_cmpint(time_span_parse_nsec(good[i].text, &nsec), ==, 0);
                g_assert_cmpuint(nsec, ==, good[i].nsec);
        }

        g_assert_cmpint(time_span_parse_nsec("585y", &nsec), ==, -ERANGE);
        g_assert_cmpint(time_span_parse_nsec("1ps", &nsec), ==, -EINVAL);
}

static void test_format(void) {
        static const struct {
                uint64_t usec;
                const char *text;
        } formats[] = {
                { 0, "0" },
                { 1, "1us" },
                { 1500, "1.500ms" },
                { 30500000, "30.500000s" },
                { 59999999, "59.999999s" },
                { MINUTE, "1min" },
                { 90 * USEC_PER_SEC, "1min 30s" },
                { 150500000, "2min 30.500000s" },
                { MINUTE + 1, "1min 1us" },
                { 5 * MINUTE, "5min" },
                { DAY + HOUR, "1d 1h" },
                { WEEK, "1w" },
                { UINT64_C(36817200000000), "1y 2month" },
                { USEC_INFINITY, "infinity" },
        };

        for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
                g_autofree char *text = time_span_format(formats[i].usec);

                g_assert_cmpstr(text, ==, formats[i].text);
        }
}

/* What "systemd-analyze timespan" prints for each: a line with the text, one with the microseconds, one for people. */
static char **ask_systemd(const GPtrArray *texts) {
        g_autoptr(GPtrArray) argv = g_ptr_array_new();
        g_autofree char *output = NULL;
        g_autoptr(GError) error = NULL;
        int status;

        g_ptr_array_add(argv, (char *) "systemd-analyze");
        g_ptr_array_add(argv, (char *) "timespan");
        for (guint i = 0; i < texts->len; i++)
                g_ptr_array_add(argv, texts->pdata[i]);
        g_ptr_array_add(argv, NULL);

        g_spawn_sync(NULL, (char **) argv->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status,
                     &error);
        g_assert_no_error(error);
        g_spawn_check_wait_status(status, &error);
        g_assert_no_error(error);

        return g_strsplit(g_strchomp(output), "\n\n", -1);
}

static const char *value_of(char **lines, size_t i) {
        const char *colon = strchr(lines[i], ':');

        g_assert_nonnull(colon);
        return colon + 2;
}

/* What systemd prints for a span is what it is here, and so is how it is written. */
static void test_as_systemd(void) {
        g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GRand) rand = g_rand_new_with_seed(42);
        g_auto(GStrv) blocks = NULL;

        for (size_t i = 0; i < ELEMENTSOF(spans); i++)
                if (!strpbrk(spans[i].text, "\n"))
                        g_ptr_array_add(texts, g_strdup(spans[i].text));
        for (int i = 0; i < 300; i++)
                g_ptr_array_add(texts, g_strdup_printf("%" PRIu64 "us", random_usec(rand) >> 1));

        blocks = ask_systemd(texts);
        g_assert_cmpuint(g_strv_length(blocks), ==, texts->len);

        for (guint i = 0; i < texts->len; i++) {
                g_auto(GStrv) lines = g_strsplit(blocks[i], "\n", -1);
                g_autofree char *formatted = NULL;
                uint64_t usec;

                g_test_message("%s", (const char *) texts->pdata[i]);
                g_assert_cmpint(time_span_parse(texts->pdata[i], USEC_PER_SEC, &usec), ==, 0);
                g_assert_cmpuint(usec, ==, g_ascii_strtoull(value_of(lines, 1), NULL, 10));
                formatted = time_span_format(usec);
                g_assert_cmpstr(formatted, ==, value_of(lines, 2));
        }
}

static void test_format_is_exact(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(7);

        for (int i = 0; i < 1000; i++) {
                uint64_t usec = random_usec(rand);
                g_autofree char *text = time_span_format(usec);
                uint64_t again;

                g_assert_cmpint(time_span_parse(text, USEC_PER_SEC, &again), ==, 0);
                g_assert_cmpuint(again, ==, usec);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/time-span/parse", test_parse);
        g_test_add_func("/time-span/parse-wrong", test_parse_wrong);
        g_test_add_func("/time-span/default-unit", test_default_unit);
        g_test_add_func("/time-span/long", test_long);
        g_test_add_func("/time-span/nsec", test_nsec);
        g_test_add_func("/time-span/format", test_format);
        g_test_add_func("/time-span/format-is-exact", test_format_is_exact);
        g_test_add_func("/time-span/as-systemd", test_as_systemd);
        return g_test_run();
}
