/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Directories and files below a root, and whether they may be trusted. Part of job-class: the only place that opens
 * them.
 *
 * Only what belongs to root and cannot be written by group or others is read: a file, and each directory from the root
 * down, since whoever may write a directory may plant files in it. What an untrusted directory holds is refused by
 * name, never passed over: a broken file hides those of lower roots just like a good one.
 *
 * Links to files are followed, as systemd does, and what they lead to is judged; links to directories below a root are
 * not, so that a class has one place and a walk has an end.
 */
typedef struct JobClassDir {
        int fd;
        char *path;
        char *refusal; /* why nothing in it may be used; NULL: it may */
} JobClassDir;

JobClassDir *job_class_dir_free(JobClassDir *d);
DEFINE_CLEANUP(JobClassDir *, job_class_dir_free);

/*
 * Opens a root. Returns 1, 0 when there is none, or negative errno and a sentence. The root itself may be a link.
 */
int job_class_dir_open_root(const char *path, JobClassDir **ret, char **ret_error) _must_check_;

/*
 * Opens a directory in another one, whose refusal it inherits. Returns 1, 0 when there is no directory of that name,
 * or negative errno and a sentence: -ELOOP for a link to one, another when it cannot be opened, so that nobody knows
 * what it holds.
 */
int job_class_dir_open(const JobClassDir *parent, const char *name, JobClassDir **ret, char **ret_error) _must_check_;

typedef enum JobClassFileState {
        JOB_CLASS_FILE_ABSENT,
        JOB_CLASS_FILE_MASKED, /* empty, or a link to /dev/null */
        JOB_CLASS_FILE_READ,
} JobClassFileState;

/*
 * Reads a file into *ret_text, NUL-terminated. Returns a JobClassFileState, or negative errno and a sentence; -EINVAL
 * means that the file may not be used as it is.
 */
int job_class_dir_read_file(
                const JobClassDir *dir,
                const char *name,
                char **ret_text,
                size_t *ret_size,
                char **ret_error) _must_check_;

typedef struct JobClassDirEntry {
        char *name;
        bool is_directory; /* itself, not by a link */
        bool is_link_to_directory;
} JobClassDirEntry;

/*
 * Lists the entries that the filter (called with name and whether it can be a directory) wants, sorted by name.
 * Returns an array of JobClassDirEntry that owns them, or negative errno and a sentence; -E2BIG when there are more
 * than entries_max.
 */
int job_class_dir_list(
                const JobClassDir *dir,
                bool (*filter)(const char *name, bool maybe_directory),
                unsigned entries_max,
                GPtrArray **ret,
                char **ret_error) _must_check_;

/* dir's path + "/" + name, fit for a message: what is not printable UTF-8 is escaped. Free with g_free(). */
char *job_class_dir_path_of(const JobClassDir *dir, const char *name);

/* Descriptors or memory ran out: that says nothing about the file, so it must not count as missing or broken. */
bool job_class_dir_is_exhausted(int r);
