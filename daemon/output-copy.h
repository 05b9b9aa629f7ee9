/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "store-output.h"

/*
 * Copies a file that somebody else has opened. In a process of its own: to read it can take for ever (the file may
 * lie on a file system that its owner serves, FUSE, or on a server that is gone), and so can a slow disk, while jobd
 * has others to serve. The process has nothing but the file, and dies with jobd.
 */
typedef struct OutputCopy OutputCopy;

/* error: 0, or negative errno; -EISDIR: not a regular file, -EFBIG: larger than max, -ETIMEDOUT. */
typedef struct OutputCopied {
        int error;
        uint64_t size; /* for -EFBIG too, as far as it is known */
        char sha256[SHA256_STRING_SIZE];
} OutputCopied;

/* Comes once, later; the OutputCopy is freed by whoever is called. */
typedef void (*OutputCopyDone)(const OutputCopied *copied, void *userdata);

/*
 * Copies all of the file, whatever its offset: first to new_path, then, with all of it on the disk, to
 * <directory>/<its SHA-256>. fd is borrowed for the call.
 */
int output_copy_start(sd_event *event, int fd, uint64_t max, const char *new_path, const char *directory,
                      OutputCopyDone done, void *userdata, OutputCopy **ret) _must_check_;

/* Ends it if it has not ended, without a callback. */
OutputCopy *output_copy_free(OutputCopy *c);
DEFINE_CLEANUP(OutputCopy *, output_copy_free);
