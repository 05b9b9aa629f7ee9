/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-class.h"
#include "registry.h"

/* Reading the job classes from disk into the registry. */

typedef struct RefreshEntry {
        const char *action; /* "created", "updated", "uninstalled", "warning", "refused" */
        char *class_path;   /* "" where a file's name gives none */
        char *message;
} RefreshEntry;

RefreshEntry *refresh_entry_free(RefreshEntry *e);

/*
 * Loads all classes and applies the rules: a new class gets a job, disabled (a system job enabled); fields that are not
 * overridden are taken from the class; a job whose class is gone is kept with installed=false; names stay unique.
 * Everything or nothing is stored. *ret_report: array of RefreshEntry, owned.
 */
int refresh_registry(Registry *registry, const JobClassLoader *loader, const char *const *roots, uint64_t now_usec,
                     GPtrArray **ret_report) _must_check_;
