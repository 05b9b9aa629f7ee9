/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "find.h"
#include "output.h"
#include "queue-runs.h"
#include "result-text.h"
#include "table.h"

/* Without a place come those that wait for something else than their turn: last, as they were requested. */
static int64_t place_of(JsonObject *result) {
        JsonNode *position = json_object_get_member(result, "position");
        int64_t place = position && JSON_NODE_HOLDS_VALUE(position) ? json_node_get_int(position) : 0;

        return place > 0 ? place : INT64_MAX;
}

static int compare_place(const void *a, const void *b) {
        JsonObject *x = *(JsonObject *const *) a, *y = *(JsonObject *const *) b;
        int64_t place_x = place_of(x), place_y = place_of(y);
        uint64_t date_x = json_time(x, "date_created"), date_y = json_time(y, "date_created");

        return place_x != place_y ? (place_x > place_y) - (place_x < place_y) : (date_x > date_y) - (date_x < date_y);
}

static void add_runs(Table *t, JsonArray *results, bool *ret_more) {
        g_autoptr(GPtrArray) sorted = g_ptr_array_new();

        for (unsigned i = 0; i < json_array_get_length(results); i++)
                g_ptr_array_add(sorted, json_array_get_object_element(results, i));
        g_ptr_array_sort(sorted, compare_place);
        for (unsigned i = 0; i < MIN(sorted->len, (unsigned) QUEUE_RUNS_SHOWN); i++) {
                JsonObject *result = sorted->pdata[i];
                const char *status = json_string(result, "status") ?: "?", *waits = json_string(result, "wait_reason");
                g_autofree char *duration = result_duration(result);
                g_autofree char *runs = duration ? g_strdup_printf("for %s", duration) : NULL;
                const char *cells[] = { json_string(result, "id"), status, json_string(result, "task_name"),
                                        json_string(result, "user"), waits ?: runs };

                table_add(t, cells, 1, status_color(status));
        }
        if (sorted->len > QUEUE_RUNS_SHOWN)
                *ret_more = true;
}

int queue_runs_print(Connection *c, JsonObject *queue) {
        static const char *const columns[] = { "ID", "STATUS", "JOB", "USER", "RUNS OR WAITS", NULL };
        _cleanup_(table_freep) Table *t = table_new(columns, TABLE_HEADINGS | TABLE_CUT_LAST);
        static const char *const statuses[] = { "STARTED", "PENDING" };
        const char *name = json_string(queue, "name");
        bool more = false;

        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                g_autoptr(JsonArray) results = NULL;
                int r;

                if (i > 0 && json_object_get_int_member(queue, "waiting") > QUEUE_RUNS_SEARCH) {
                        more = true;
                        continue;
                }
                r = list_results(c, &(ResultFilter) { .queue = name, .status = statuses[i], .limit = QUEUE_RUNS_SEARCH },
                                 &results);
                if (r < 0)
                        return r;
                add_runs(t, results, &more);
        }
        if (table_rows(t) > 0) {
                puts("");
                table_print(t);
        }
        if (more)
                printf("\nThere are more: \"jobctl results --queue %s --status PENDING\" lists the newest.\n", name);
        return 0;
}
