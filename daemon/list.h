/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/* What the handlers of all lists have in common. */

enum { LIST_LIMIT_DEFAULT = 50 };

/* 0, or negative errno and the error is set. */
int list_check_limit(uint32_t limit, sd_bus_error *error);

/* The digest of a filter, for access_find_list(). Free with g_free(). */
char *list_key(const char *text);

/* Appends the properties of an entry. */
typedef int (*ListAppend)(sd_bus_message *m, const void *object);

/* Sends the reply. parent: of the object paths; id_offset: where an entry has its UUID. */
int list_send(sd_bus_message *call, const GPtrArray *list, const char *parent, ListAppend append, size_t id_offset,
              bool more);
