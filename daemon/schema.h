/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The migrations of schema/, in order; made by schema/embed.sh. STORE_SCHEMA_VERSION (store.h) says how many. */
extern const char *const schema_migrations[];
