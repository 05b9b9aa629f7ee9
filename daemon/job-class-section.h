/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-class.h"
#include "key-file.h"
#include "variable.h"

/* The sections of a job class's files and their keys, by table. Part of job-class. */

/* A variable that is being read, and where: its keys can only be judged after the last line of the last file. */
typedef struct VariableSource {
        Variable *variable;    /* owned */
        char *position;        /* "FILE:LINE" of its header */
        GHashTable *positions; /* key -> "FILE:LINE" */
        unsigned file;         /* number of the file whose [Variable NAME] was last seen */
        unsigned line;         /* and its line */
} VariableSource;

VariableSource *variable_source_free(VariableSource *s);
DEFINE_CLEANUP(VariableSource *, variable_source_free);

typedef struct JobClassSections {
        JobClass *class;
        GPtrArray *variables;            /* of VariableSource, in order */
        GHashTable *variables_by_name;   /* borrows both from there */
        char *truncated[_JOB_FIELD_MAX]; /* the warning, where the value in force was truncated */
        char *approval_position;         /* "FILE:LINE" of ApprovalRequired= */
        char *field_order_position;      /* and of FieldOrder= */

        /* The file that is being read */
        const char *path;
        bool is_module;
        unsigned file;           /* number, from 1 */
        VariableSource *current; /* of the [Variable NAME] that is being read */
} JobClassSections;

void job_class_sections_done(JobClassSections *s);

/* A KeyFileHandler; userdata is JobClassSections. */
int job_class_sections_take(const KeyFileLine *line, void *userdata, char **ret_error);
