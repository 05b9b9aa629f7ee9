/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "approval-stage.h"
#include "error-text.h"
#include "group-members.h"
#include "json.h"

enum { PARTS_MAX = 3, JSON_STAGES_SIZE_MAX = 64 * 1024 };

ApprovalStage *approval_stage_free(ApprovalStage *s) {
        if (!s)
                return NULL;
        g_free(s->name);
        g_free(s->group);
        g_free(s);
        return NULL;
}

static void approval_stage_free_func(void *p) {
        (void) approval_stage_free(p);
}

GPtrArray *approval_stages_new(void) {
        return g_ptr_array_new_with_free_func(approval_stage_free_func);
}

/* ---- a line of a job class ---- */

/* One word: quoted by " or ' in whole or in part, a backslash taking the meaning from what is after it. */
static int read_parts(const char **p, GString *parts[PARTS_MAX], unsigned *ret_n, char **ret_error) {
        char quote = '\0';
        unsigned n = 1;

        for (; **p && (quote || !g_ascii_isspace(**p)); (*p)++) {
                char c = **p;

                if (g_ascii_iscntrl(c))
                        return error_text(ret_error, "a control character in a stage");
                if (c == '\\') {
                        (*p)++;
                        if (**p == '\0' || !strchr("\"' :\\", **p))
                                return error_text(ret_error, "a backslash that is not before one of \"' :\\");
                        g_string_append_c(parts[n - 1], **p);
                } else if (quote ? c == quote : (c == '"' || c == '\''))
                        quote = quote ? '\0' : c;
                else if (c == ':') {
                        if (n == PARTS_MAX)
                                return error_text(ret_error, "the stage \"%s\" has more than three parts; write "
                                                             "NAME:GROUP:MIN, and \"\\:\" for a colon of a name",
                                                  parts[0]->str);
                        n++;
                } else
                        g_string_append_c(parts[n - 1], c);
        }
        if (quote)
                return error_text(ret_error, "a quote that does not end");
        *ret_n = n;
        return 0;
}

static bool group_is_valid(const char *group) {
        return *group && strlen(group) <= APPROVAL_GROUP_NAME_MAX && !strpbrk(group, ":/,") && *group != '-';
}

static int check_stage(const GPtrArray *stages, const char *name, const char *group, char **ret_error) {
        if (!*name || g_utf8_strlen(name, -1) > APPROVAL_STAGE_NAME_MAX)
                return error_text(ret_error, "a stage has a name of 1 to %d characters, as in \"review:dba:2\"",
                                  APPROVAL_STAGE_NAME_MAX);
        if (!group_is_valid(group))
                return error_text(ret_error, "the stage \"%s\" names no group whose members may answer it; write "
                                             "NAME:GROUP or NAME:GROUP:MIN", name);
        for (guint i = 0; i < stages->len; i++)
                if (strcmp(((const ApprovalStage *) stages->pdata[i])->name, name) == 0)
                        return error_text(ret_error, "the stage \"%s\" is there twice", name);
        if (stages->len >= APPROVAL_STAGES_MAX)
                return error_text(ret_error, "more than %d stages, which is the most", APPROVAL_STAGES_MAX);
        return 0;
}

static int add_stage(GPtrArray *stages, GString *parts[PARTS_MAX], unsigned n, char **ret_error) {
        guint64 min = 1;
        ApprovalStage *s;
        int r;

        r = check_stage(stages, parts[0]->str, parts[1]->str, ret_error);
        if (r < 0)
                return r;
        if (n == PARTS_MAX &&
            !g_ascii_string_to_unsigned(parts[2]->str, 10, 1, APPROVAL_MIN_APPROVERS_MAX, &min, NULL))
                return error_text(ret_error, "\"%s\" is not a number of approvers of the stage \"%s\"; write 1 to %d",
                                  parts[2]->str, parts[0]->str, APPROVAL_MIN_APPROVERS_MAX);

        s = g_new0(ApprovalStage, 1);
        s->name = g_strdup(parts[0]->str);
        s->group = g_strdup(parts[1]->str);
        s->min_approvers = (unsigned) min;
        g_ptr_array_add(stages, s);
        return 0;
}

int approval_stages_add(GPtrArray *stages, const char *line, char **ret_error) {
        int r;

        if (!g_utf8_validate(line, -1, NULL))
                return error_text(ret_error, "not UTF-8");
        for (const char *p = line;;) {
                g_autoptr(GString) name = g_string_new(NULL), group = g_string_new(NULL), min = g_string_new(NULL);
                GString *parts[PARTS_MAX] = { name, group, min };
                unsigned n = 0;

                while (g_ascii_isspace(*p))
                        p++;
                if (*p == '\0')
                        return 0;
                r = read_parts(&p, parts, &n, ret_error);
                if (r >= 0)
                        r = add_stage(stages, parts, n, ret_error);
                if (r < 0)
                        return r;
        }
}

/* ---- who could answer ---- */

char *approval_stage_describe_lack(const GPtrArray *stages, unsigned stage) {
        const char *group = ((const ApprovalStage *) stages->pdata[stage])->group;
        unsigned wanted = 0;

        /* Nobody counts twice, in whichever stages. */
        for (unsigned i = 0; i <= stage; i++) {
                const ApprovalStage *s = stages->pdata[i];

                if (strcmp(s->group, group) == 0)
                        wanted += s->min_approvers;
        }
        return group_describe_lack(group, NULL, wanted);
}

/* ---- as it is stored ---- */

char *approval_stages_format(const GPtrArray *stages) {
        g_autoptr(JsonNode) node = json_node_alloc();
        g_autoptr(JsonArray) list = json_array_new();

        for (guint i = 0; stages && i < stages->len; i++) {
                const ApprovalStage *s = stages->pdata[i];
                JsonObject *entry = json_object_new();

                json_object_set_string_member(entry, "name", s->name);
                json_object_set_string_member(entry, "group", s->group);
                json_object_set_int_member(entry, "min_approvers", s->min_approvers);
                json_array_add_object_element(list, entry);
        }
        return json_format(json_node_init_array(node, list));
}

typedef struct StoredStage {
        char *name;
        char *group;
        int64_t min_approvers;
} StoredStage;

static int parse_stage(JsonNode *node, GPtrArray *stages) {
        static const JsonMember members[] = {
                { "name", JSON_STRING, offsetof(StoredStage, name), true },
                { "group", JSON_STRING, offsetof(StoredStage, group), true },
                { "min_approvers", JSON_INTEGER, offsetof(StoredStage, min_approvers), true },
        };
        StoredStage stored = {};
        ApprovalStage *s;
        int r;

        if (!JSON_NODE_HOLDS_OBJECT(node))
                return -EINVAL;
        r = json_read_members(json_node_get_object(node), members, ELEMENTSOF(members), &stored, NULL);
        if (r < 0)
                return r;
        s = g_new0(ApprovalStage, 1);
        s->name = stored.name;
        s->group = stored.group;
        s->min_approvers = (unsigned) stored.min_approvers;
        g_ptr_array_add(stages, s);
        return stored.min_approvers >= 1 && stored.min_approvers <= APPROVAL_MIN_APPROVERS_MAX ? 0 : -EINVAL;
}

int approval_stages_parse(const char *json, GPtrArray **ret) {
        g_autoptr(GPtrArray) stages = approval_stages_new();
        g_autoptr(JsonNode) node = NULL;
        JsonArray *list;
        int r;

        r = json_parse(json[0] ? json : "[]", json[0] ? strlen(json) : 2, JSON_STAGES_SIZE_MAX, &node, NULL);
        if (r < 0 || !JSON_NODE_HOLDS_ARRAY(node))
                return -EINVAL;
        list = json_node_get_array(node);
        for (guint i = 0; i < json_array_get_length(list); i++) {
                r = parse_stage(json_array_get_element(list, i), stages);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(stages);
        return 0;
}
