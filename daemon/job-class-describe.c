/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "approval-stage.h"
#include "chain.h"
#include "job-class-describe.h"
#include "settings.h"

static void set_seconds(JsonObject *o, const char *member, uint64_t usec) {
        if (usec % USEC_PER_SEC == 0)
                json_object_set_int_member(o, member, (int64_t) (usec / USEC_PER_SEC));
        else
                json_object_set_double_member(o, member, (double) usec / (double) USEC_PER_SEC);
}

static void set_strings(JsonObject *o, const char *member, char **strings) {
        JsonArray *array = json_array_new();

        for (; strings && *strings; strings++)
                json_array_add_string_element(array, *strings);
        json_object_set_array_member(o, member, array);
}

static void set_retention(JsonObject *o, const JobClass *c) {
        if (c->result_max_age_usec == RESULT_MAX_UNSET)
                json_object_set_null_member(o, "result_max_age");
        else
                set_seconds(o, "result_max_age", c->result_max_age_usec);
        if (c->result_max_count == RESULT_MAX_UNSET)
                json_object_set_null_member(o, "result_max_count");
        else
                json_object_set_int_member(o, "result_max_count", (int64_t) c->result_max_count);
}

static void set_stages(JsonObject *o, const JobClass *c) {
        JsonArray *array = json_array_new();

        for (guint i = 0; c->approval_stages && i < c->approval_stages->len; i++) {
                const ApprovalStage *s = c->approval_stages->pdata[i];
                JsonObject *stage = json_object_new();

                json_object_set_string_member(stage, "name", s->name);
                json_object_set_string_member(stage, "group", s->group);
                json_object_set_int_member(stage, "min_approvers", s->min_approvers);
                json_array_add_object_element(array, stage);
        }
        json_object_set_array_member(o, "approval_stages", array);
}

static void set_notify_units(JsonObject *o, const JobClass *c) {
        static const char *const members[] = {
                [NOTIFY_ON_REQUEST] = "notify_on_request",
                [NOTIFY_ON_SUCCESS] = "notify_on_success",
                [NOTIFY_ON_FAILURE] = "notify_on_failure",
        };

        for (NotifyEvent e = 0; e < _NOTIFY_EVENT_MAX; e++)
                if (c->notify_units[e])
                        json_object_set_string_member(o, members[e], c->notify_units[e]);
                else
                        json_object_set_null_member(o, members[e]);
}

static void set_chain(JsonObject *o, const char *member, const JobClass *c, ChainEvent event) {
        JsonArray *array = json_array_new();

        for (guint i = 0; i < c->chain->len; i++) {
                const ChainLink *link = c->chain->pdata[i];

                if (link->event == event)
                        json_array_add_string_element(array, link->class_path);
        }
        json_object_set_array_member(o, member, array);
}

JsonNode *job_class_describe(const JobClass *c) {
        JsonNode *node = json_node_new(JSON_NODE_OBJECT);
        JsonObject *o = json_object_new();

        set_strings(o, "field_order", c->field_order);
        json_object_set_int_member(o, "retry", c->retry);
        set_seconds(o, "retry_delay", c->retry_delay_usec);
        set_retention(o, c);
        set_stages(o, c);
        set_notify_units(o, c);
        set_chain(o, "on_success", c, CHAIN_ON_SUCCESS);
        set_chain(o, "on_failure", c, CHAIN_ON_FAILURE);
        json_object_set_string_member(o, "digest", c->digest);
        json_node_take_object(node, o);
        return node;
}
