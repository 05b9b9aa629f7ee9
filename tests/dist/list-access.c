/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "access-table.h"

/* Prints what each call asks for, as the table of jobd-permissions(7) has it: for check-permissions.py. */

static const char *short_name(const char *name) {
        static const char prefix[] = "org.jobd1.";

        return strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : name;
}

static void print_rule(const AccessRule *rule) {
        printf("%s.%s\t", short_name(rule->interface), rule->member);
        if (rule->target == ACCESS_TARGET_RUN)
                printf("the token of the run");
        else if (rule->is_list && !rule->action)
                printf("asked about each entry");
        else
                printf("%s", rule->action ? short_name(rule->action) : "nothing");
        if (rule->and_action)
                printf(" and %s", short_name(rule->and_action));
        if (rule->requester_may)
                printf("; the requester");
        printf("\n");
}

int main(void) {
        for (size_t i = 0; i < access_rules_size; i++)
                print_rule(&access_rules[i]);
        return 0;
}
