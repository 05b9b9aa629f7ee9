/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "input-files.h"
#include "scheduled-job.h"
#include "seal.h"

/*
 * The sensitive input of a scheduled job: its values, which are stored sealed in its record, and its files, whose
 * ciphertext input-files.h keeps. Each is sealed under a name of its own, "jobd-<id>" and "jobd-<id>-files".
 */
typedef struct SealedInput {
        Secret *values;    /* JSON */
        GHashTable *files; /* variable -> Secret (file-bundle.h); never NULL */
} SealedInput;

SealedInput *sealed_input_free(SealedInput *input);
DEFINE_CLEANUP(SealedInput *, sealed_input_free);

/*
 * Seals both, one after the other: the ciphertext of the values is put into sj, that of the files that are in memory for
 * sj->id takes their place. sj and what it calls are borrowed until then; values is copied. error: as of seal(), or for
 * what cannot be written to the disk. Returns 0 and calls back once, later, or negative errno, as seal() does.
 */
typedef void (*InputSealed)(int error, void *userdata);
int sealed_input_seal(Sealer *sealer, InputFiles *files, ScheduledJob *sj, const Secret *values, InputSealed done,
                      void *userdata) _must_check_;

/*
 * Unseals both. files_id: for which the files are kept, that of the scheduled job or of a run of it. input: the
 * callee's, who frees it; NULL on error. error: as of unseal(), or for what cannot be read from the disk. Returns 0 and
 * calls back once, later, or negative errno, as unseal() does. *ret may be NULL; it is gone after the callback.
 */
typedef struct Unsealing Unsealing;
typedef void (*InputUnsealed)(int error, SealedInput *input, void *userdata);
int sealed_input_unseal(Sealer *sealer, const InputFiles *files, const ScheduledJob *sj, const char *files_id,
                        InputUnsealed done, void *userdata, Unsealing **ret) _must_check_;

/* Takes it back. Accepts NULL, returns NULL. */
Unsealing *unsealing_free(Unsealing *u);
DEFINE_CLEANUP(Unsealing *, unsealing_free);

/* The errors that another try does not mend: the ciphertext is not for this host's key, or damaged. */
bool sealed_input_is_lost(int error);

/* Why, for "its sensitive input cannot be unsealed (...)"; borrowed. */
const char *sealed_input_problem(int error);
