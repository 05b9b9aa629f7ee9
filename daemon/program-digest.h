/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * The programs that a job class names, by what is in their files: what an approval covers beside the class itself.
 *
 * Those are the programs of ExecStart=, ExecStartPre= and ExecStartPost=, where the unit will find them
 * (RootDirectory=, BindPaths=, ExecSearchPath=), and each argument that is the absolute path of an executable file, so
 * that the script of "ExecStart=/bin/sh /opt/job.sh" counts. What cannot be looked into without mounting it, a disk
 * image, and what is larger than PROGRAM_SIZE_MAX, is known by its inode, size and times instead.
 */
typedef struct Program {
        char *setting; /* "ExecStart" */
        char *path;    /* as the class names it */
        char *file;    /* where it is on this host; NULL: it was not found */
        char *digest;  /* "sha256:<64 hexadecimal digits>", "stat:<...>" of what is not read; NULL: a problem */
        uint64_t size;
        char *problem; /* why its contents are not known; NULL: they are */
        bool may_fail; /* "-" stands before the command: the run goes on without it */
} Program;

enum { PROGRAM_SIZE_MAX = 64 * 1024 * 1024 }; /* bytes; 0.25 s at the 270 MB/s that GLib's SHA-256 does */

/*
 * What was read is not read again as long as the file has the same inode, size, and times of its last change to the
 * nanosecond. The kernel sets the latter (ctime) and nobody can set it back; since it is no finer than a tick of the
 * clock, a file that was changed within the last seconds is read each time.
 */
typedef struct ProgramCache ProgramCache;

ProgramCache *program_cache_new(void);
ProgramCache *program_cache_free(ProgramCache *c);
DEFINE_CLEANUP(ProgramCache *, program_cache_free);

/* properties: of UnitProperty. An array of Program, owned, in the order of the commands. cache may be NULL. */
GPtrArray *programs_read(ProgramCache *cache, const GPtrArray *properties);
