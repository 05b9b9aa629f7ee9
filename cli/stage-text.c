/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "group-members.h"
#include "output.h"
#include "stage-text.h"

/* Nobody counts twice, in whichever stages. */
static unsigned wanted_of_group(JsonArray *stages, unsigned last, const char *group) {
        unsigned wanted = 0;

        for (unsigned i = 0; i <= last; i++) {
                JsonObject *stage = json_array_get_object_element(stages, i);

                if (g_strcmp0(json_string(stage, "group"), group) == 0)
                        wanted += (unsigned) json_object_get_int_member_with_default(stage, "min_approvers", 1);
        }
        return wanted;
}

char *stage_lack_text(JsonArray *stages, unsigned stage, const char *requester) {
        const char *group = json_string(json_array_get_object_element(stages, stage), "group");

        return group ? group_describe_lack(group, requester, wanted_of_group(stages, stage, group)) : NULL;
}

char *request_lack_text(JsonObject *schedule) {
        JsonNode *node = json_object_get_member(schedule, "stages");
        JsonArray *stages = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        if (g_strcmp0(json_string(schedule, "state"), "pending") != 0)
                return NULL;
        for (unsigned i = 0; stages && i < json_array_get_length(stages); i++) {
                g_autofree char *lack = stage_lack_text(stages, i, json_string(schedule, "user"));

                if (lack)
                        return g_strdup_printf("as it is now, the stage '%s' cannot be completed: %s",
                                               json_string(json_array_get_object_element(stages, i), "name") ?: "?",
                                               lack);
        }
        return NULL;
}
