/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "refusal.h"
#include "secret.h"

/*
 * Sensitive input that has to be kept for later: sealed by systemd-creds(1) with a key of this host, so that what is
 * stored can be read on this host only, by root, and under the name it was sealed for. systemd-creds runs as a child
 * process on the event loop; the text goes to it and comes from it by pipes, and is wiped from our memory.
 *
 * Nothing here blocks. A call takes about 20 ms of a core. Calls beyond SEAL_RUNNING_MAX wait in their order. Callers choose names that are used once,
 * "jobd-<uuid>" for the input of the scheduled job with that id, "jobd-<uuid>-<variable>" for a file of it.
 */
typedef struct Sealer Sealer;

/* One call; it lives until its callback was called or it is freed. */
typedef struct SealCall SealCall;

enum {
        /* "systemd-creds decrypt" of 252 takes so many characters, although it encrypts 1 MiB of bytes (measured). */
        SEAL_CIPHERTEXT_MAX = 1152 * 1024,
        SEAL_TEXT_MAX = 832 * 1024,         /* bytes, whose Base64 fits in there, with header and line ends */
        SEAL_RUNNING_MAX = 4,               /* child processes at a time */
        SEAL_WAITING_MAX = 1000,            /* calls that wait beside them */
};

/*
 * How it went. error is 0 or negative errno:
 *   -ENOKEY        there is no key to seal with, or the key that it was sealed with is gone
 *   -EKEYREJECTED  unseal: the ciphertext is not one, is damaged, was sealed for another name or on another host
 *   -E2BIG         too large
 *   -ETIMEDOUT     systemd-creds did not end in time (TPMs are slow, but not that slow)
 *   -EIO, others   it could not be run, or failed: sealer_error_text() tells more
 * ciphertext: Base64 on one line, borrowed for the call; NULL on error.
 * text: the callee's, who frees it by secret_free(); NULL on error.
 * The callbacks come once, later, never from within seal() and unseal(). The SealCall is gone after them.
 */
typedef void (*Sealed)(int error, const char *ciphertext, void *userdata);
typedef void (*Unsealed)(int error, Secret *text, void *userdata);

int sealer_new(sd_event *event, Sealer **ret) _must_check_;
Sealer *sealer_free(Sealer *s); /* ends what is under way, without callbacks */
DEFINE_CLEANUP(Sealer *, sealer_free);

/*
 * Whether seal() has a key: asked before a request is taken, so that the refusal comes at once. Looks at the host's
 * key file only (that of systemd-creds, which $SYSTEMD_CREDENTIAL_SECRET names in tests), and does not block. jobd makes
 * no key: an administrator decides that by "systemd-creds setup".
 */
bool sealer_has_key(const Sealer *s);

/*
 * text is copied. name: what a file may be called, at most 200 characters. *ret_call may be NULL for who never takes
 * the call back. Returns 0 and calls back, or negative errno when nothing was begun: -ENOKEY, -E2BIG, -EINVAL (the
 * name; empty ciphertext), -ENOBUFS (SEAL_WAITING_MAX).
 */
int seal(Sealer *s, const Secret *text, const char *name, Sealed done, void *userdata, SealCall **ret_call)
                _must_check_;
int unseal(Sealer *s, const char *ciphertext, const char *name, Unsealed done, void *userdata, SealCall **ret_call)
                _must_check_;

/* Takes a call back: its child process is ended, its callback will not come. Accepts NULL, returns NULL. */
SealCall *seal_call_free(SealCall *c);
DEFINE_CLEANUP(SealCall *, seal_call_free);

/* Nothing is under way: the daemon may leave. */
bool sealer_is_idle(const Sealer *s);

/* What systemd-creds said about the last failure, one line, for the log; borrowed, never NULL. */
const char *sealer_error_text(const Sealer *s);

/*
 * The refusal of a request whose sensitive input would have to be kept, for an errno of seal(); -ENOKEY: "job 'x.Y' has
 * sensitive input, which can be kept for later only when it can be sealed: run "systemd-creds setup" as root".
 * Returns error.
 */
int seal_refuse(Refusal *f, int error, const char *class_path);
