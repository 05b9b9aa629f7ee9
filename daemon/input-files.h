/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "input-file.h"
#include "refusal.h"
#include "secret.h"
#include "settings.h"
#include "store.h"
#include "uuid.h"

/*
 * The files that runs are given (Type=file), by the id they are kept for: that of a job result, or of a scheduled job
 * that is to run later. Contents that are not sensitive are in files/<id>/<variable> in the state directory, on the
 * disk before a request is acknowledged; sensitive ones are in memory only (secret.h), and for what is to run later in
 * sealed/<id>/files, as the ciphertext of all of them (file-bundle.h, seal.h).
 *
 * Whoever has an id decides how long its files are kept: input_files_remove() when it ends, however it ends. What a
 * killed jobd could not remove is removed by the next one: at a start, what neither a job result that has not ended nor
 * a scheduled job needs is removed (is_needed() in input-files.c).
 */
typedef struct InputFiles InputFiles;

/* settings is borrowed. Makes the directory, and removes what nobody needs any more. */
int input_files_new(sd_event *event, const char *state_directory, Store *store, const Settings *settings,
                    InputFiles **ret) _must_check_;
InputFiles *input_files_free(InputFiles *f);
DEFINE_CLEANUP(InputFiles *, input_files_free);

/* ---- taking them from a client ---- */

/*
 * All were looked at, and none or all were copied: none when one has a message. refusal: NULL, or what no file is to
 * blame for (no room on the disk).
 */
typedef void (*InputFilesCopied)(Refusal *refusal, void *userdata);

typedef struct InputFilesRequest {
        const char *id;         /* for what they are kept */
        const GPtrArray *files; /* of InputFile; borrowed until the end, with their descriptors */
        uint32_t uid;           /* the requester's; those of one user are copied one after the other */
        bool look_only;         /* the request is refused anyway, and what is wrong with its files shall be told, too */
        InputFilesCopied copied;
        void *userdata;
} InputFilesRequest;

/*
 * Copies those with a descriptor, in a process of its own, and sets their size and digest, or adds messages. Returns 0
 * and calls back later, or negative errno and the refusal.
 */
int input_files_copy(InputFiles *f, const InputFilesRequest *request, Refusal *refusal) _must_check_;

/* ---- having them ---- */

/*
 * Moves all that is kept for one id to another, which has nothing yet: a scheduled job runs for the last time. Link: the
 * other has them too, by hard links (they are never written to), and each is removed on its own: it runs once more.
 * On the disk when they return 0; to do it again does no harm. Nothing kept for from: 0, and nothing is done. Otherwise
 * negative errno, and nothing is kept for to.
 */
int input_files_move(InputFiles *f, const char *from, const char *to) _must_check_;
int input_files_link(InputFiles *f, const char *from, const char *to) _must_check_;

/* Nothing is kept for id any more. There need not be anything. A failure is logged, and made good at the next start. */
void input_files_remove(InputFiles *f, const char *id);

/* Whether there is a file for that variable, sensitive or not. */
bool input_files_has(const InputFiles *f, const char *id, const char *variable);

/* The directory with the files that are not sensitive, for BindReadOnlyPaths=; NULL: there are none. g_free(). */
char *input_files_directory(const InputFiles *f, const char *id);

/* The contents of a sensitive one, borrowed; NULL: there is none. */
const Secret *input_files_find_secret(const InputFiles *f, const char *id, const char *variable);

/* The names of the variables with sensitive contents, NULL-terminated, to be freed by g_strfreev(). */
char **input_files_list_secrets(const InputFiles *f, const char *id);

/* Puts contents there, or replaces them. Takes over contents. */
void input_files_put_secret(InputFiles *f, const char *id, const char *variable, Secret *contents);

/* ---- keeping sensitive ones for later ---- */

/* All sensitive ones as one text, to be sealed. 1; 0: there are none; -ENOMEM. */
int input_files_bundle(const InputFiles *f, const char *id, Secret **ret) _must_check_;

/*
 * Keeps their ciphertext instead, on the disk when it returns 0: they are no longer in memory. input_files_link() and
 * input_files_remove() do with it what they do with the others. On negative errno all is as it was.
 */
int input_files_put_sealed(InputFiles *f, const char *id, const char *ciphertext) _must_check_;

/* 1 and the ciphertext, to be freed; 0: there is none; negative errno. */
int input_files_read_sealed(const InputFiles *f, const char *id, char **ret) _must_check_;

/*
 * They were unsealed for a run, which has them in memory then: a copy of files, which file_bundle_parse() has made.
 * -E2BIG: there are too many sensitive files in memory already; -ENOMEM.
 */
int input_files_put_secrets(InputFiles *f, const char *id, GHashTable *files) _must_check_;

/*
 * Adds to values, the stored input of a run, where the job finds each file ("path"). unit: the run's, whose
 * credentials the sensitive ones are.
 */
void input_files_add_paths(const InputFiles *f, const char *id, const char *unit, JsonObject *values);

/* Nothing is being copied. */
bool input_files_is_idle(const InputFiles *f);
