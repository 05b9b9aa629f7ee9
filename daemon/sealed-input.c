/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "file-bundle.h"
#include "sealed-input.h"

SealedInput *sealed_input_free(SealedInput *input) {
        if (!input)
                return NULL;
        (void) secret_free(input->values);
        g_hash_table_unref(input->files);
        g_free(input);
        return NULL;
}

static char *values_name(const char *id) {
        return g_strdup_printf("jobd-%s", id);
}

static char *files_name(const char *id) {
        return g_strdup_printf("jobd-%s-files", id);
}

/* ---- sealing ---- */

typedef struct Sealing {
        Sealer *sealer; /* weak ref */
        InputFiles *files;
        ScheduledJob *scheduled_job;
        InputSealed done;
        void *userdata;
} Sealing;

static void on_files_sealed(int error, const char *ciphertext, void *userdata) {
        g_autofree Sealing *s = userdata;

        if (error >= 0)
                error = input_files_put_sealed(s->files, s->scheduled_job->id, ciphertext);
        s->done(error, s->userdata);
}

/* 1: it is being done, 0: there are none. */
static int seal_files(Sealing *s) {
        g_autofree char *name = files_name(s->scheduled_job->id);
        _cleanup_(secret_freep) Secret *bundle = NULL;
        int r;

        r = input_files_bundle(s->files, s->scheduled_job->id, &bundle);
        if (r <= 0)
                return r;
        r = seal(s->sealer, bundle, name, on_files_sealed, s, NULL);
        return r < 0 ? r : 1;
}

static void on_values_sealed(int error, const char *ciphertext, void *userdata) {
        Sealing *s = userdata;
        int r = error;

        if (error >= 0) {
                scheduled_job_set_text(&s->scheduled_job->sealed, ciphertext);
                r = seal_files(s);
        }
        if (r > 0)
                return;
        s->done(r, s->userdata);
        g_free(s);
}

int sealed_input_seal(Sealer *sealer, InputFiles *files, ScheduledJob *sj, const Secret *values, InputSealed done,
                      void *userdata) {
        g_autofree char *name = values_name(sj->id);
        g_autofree Sealing *s = g_new(Sealing, 1);
        int r;

        *s = (Sealing){ sealer, files, sj, done, userdata };
        r = seal(sealer, values, name, on_values_sealed, s, NULL);
        if (r < 0)
                return r;
        s = NULL;
        return 0;
}

/* ---- unsealing ---- */

struct Unsealing {
        Sealer *sealer; /* weak ref */
        char *files_name;
        char *files_ciphertext; /* NULL: there are no files */
        SealedInput *input;
        SealCall *call;
        InputUnsealed done;
        void *userdata;
};

Unsealing *unsealing_free(Unsealing *u) {
        if (!u)
                return NULL;
        (void) seal_call_free(u->call);
        (void) sealed_input_free(u->input);
        g_free(u->files_name);
        g_free(u->files_ciphertext);
        g_free(u);
        return NULL;
}

static void unsealing_end(Unsealing *u, int error) {
        InputUnsealed done = u->done;
        void *userdata = u->userdata;
        SealedInput *input = error < 0 ? NULL : TAKE_PTR(u->input);

        (void) unsealing_free(u);
        done(error, input, userdata);
}

static void on_files_unsealed(int error, Secret *text, void *userdata) {
        _cleanup_(secret_freep) Secret *bundle = text;
        GHashTable *files = NULL;
        Unsealing *u = userdata;

        u->call = NULL;
        if (error >= 0)
                error = file_bundle_parse(bundle, &files);
        if (error >= 0) {
                g_hash_table_unref(u->input->files);
                u->input->files = files;
        }
        unsealing_end(u, error == -EBADMSG ? -EKEYREJECTED : error);
}

static void on_values_unsealed(int error, Secret *text, void *userdata) {
        Unsealing *u = userdata;
        int r = error;

        u->call = NULL;
        u->input->values = text;
        if (error >= 0 && u->files_ciphertext) {
                r = unseal(u->sealer, u->files_ciphertext, u->files_name, on_files_unsealed, u, &u->call);
                if (r >= 0)
                        return;
        }
        unsealing_end(u, r == -EINVAL ? -EKEYREJECTED : r);
}

int sealed_input_unseal(Sealer *sealer, const InputFiles *files, const ScheduledJob *sj, const char *files_id,
                        InputUnsealed done, void *userdata, Unsealing **ret) {
        _cleanup_(unsealing_freep) Unsealing *u = g_new0(Unsealing, 1);
        g_autofree char *name = values_name(sj->id);
        int r;

        u->sealer = sealer;
        u->files_name = files_name(sj->id);
        u->input = g_new0(SealedInput, 1);
        u->input->files = file_bundle_new();
        u->done = done;
        u->userdata = userdata;
        r = input_files_read_sealed(files, files_id, &u->files_ciphertext);
        if (r >= 0)
                r = unseal(sealer, sj->sealed, name, on_values_unsealed, u, &u->call);
        if (r < 0)
                return r == -EINVAL || r == -EBADMSG ? -EKEYREJECTED : r;
        if (ret)
                *ret = u;
        u = NULL;
        return 0;
}

bool sealed_input_is_lost(int error) {
        return error == -ENOKEY || error == -EKEYREJECTED;
}

const char *sealed_input_problem(int error) {
        switch (error) {
        case -ENOKEY:
                return "the key of this host that it was sealed with is gone (/var/lib/systemd/credential.secret)";
        case -EKEYREJECTED:
                return "it is damaged, or the key of this host is another one now";
        case -ENOBUFS:
                return "too much is being unsealed already";
        default:
                return g_strerror(-error);
        }
}
