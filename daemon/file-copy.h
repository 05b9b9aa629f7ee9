/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "store-output.h"

/*
 * Copies files that somebody else has opened. In a process of its own: to read them can take for ever (a file may lie
 * on a file system that its owner serves, FUSE, or on a server that is gone), and so can a slow disk, while jobd has
 * others to serve. The process has nothing but the files, and dies with jobd; nobody waits for one that does not die.
 */
typedef struct FileCopy FileCopy;

enum { FILE_COPY_SOURCES_MAX = 256 }; /* what is reported of them fits into a pipe */

/* One file: all of it is copied, whatever its offset. */
typedef struct FileCopySource {
        int fd;
        uint64_t max;       /* bytes */
        const char *path;   /* what it is copied to, a new file; NULL: to memory */
        const char *move;   /* NULL, or the directory in which path gets its place, called by its SHA-256 */
        unsigned mode;      /* of path */
        void *memory;       /* max bytes, of a shared mapping */
} FileCopySource;

/*
 * error: 0, or negative errno; -EISDIR: not a regular file, -EFBIG: larger than max, -EOVERFLOW: larger than what the
 * others leave of all, -EBADF: not open for reading, -ETIMEDOUT, -ECANCELED: there is nothing wrong with it, but with
 * another one.
 */
typedef struct FileCopied {
        int error;
        uint64_t size; /* for -EFBIG too, as far as it is known */
        char sha256[SHA256_STRING_SIZE];
} FileCopied;

/* copied: one for each source. Comes once, later; the FileCopy is freed by whoever is called. */
typedef void (*FileCopyDone)(const FileCopied *copied, size_t n, void *userdata);

typedef struct FileCopyLimits {
        uint64_t all;          /* bytes of all sources together */
        uint64_t timeout_usec;
        bool look_only;        /* says what is wrong with them, and copies none */
} FileCopyLimits;

/*
 * Looks at all sources, and copies them when there is nothing wrong with any: what is copied is on the disk. What was
 * copied before one failed is left to the caller, but for files that were to be moved. All is borrowed for the call,
 * the memory until the end. -EBUSY: too many earlier ones are stuck.
 */
int file_copy_start(sd_event *event, const FileCopySource *sources, size_t n, const FileCopyLimits *limits,
                    FileCopyDone done, void *userdata, FileCopy **ret) _must_check_;

/* For what file_copy_start() returns. */
const char *file_copy_error_text(int error);

/* Ends it if it has not ended, without a callback. */
FileCopy *file_copy_free(FileCopy *c);
DEFINE_CLEANUP(FileCopy *, file_copy_free);
