/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "filter.h"
#include "seal.h"

#define PROGRAM "/usr/bin/systemd-creds"
#define HOST_KEY "/var/lib/systemd/credential.secret"
#define HOST_KEY_VARIABLE "SYSTEMD_CREDENTIAL_SECRET" /* of systemd-creds */
#define TIMEOUT_USEC (30 * USEC_PER_SEC)

enum { NAME_MAX_LENGTH = 200 };

struct Sealer {
        sd_event *event;
        GQueue calls; /* of SealCall, owned; in their order */
        unsigned n_running;
        sd_event_source *start_source; /* starts what waits */
        char *error_text;
};

struct SealCall {
        Sealer *sealer; /* weak ref */
        char *name;
        Secret *input;
        Filter *filter; /* NULL: it waits */
        Sealed sealed;  /* one of the two */
        Unsealed unsealed;
        void *userdata;
};

static const char *host_key_path(void) {
        return getenv(HOST_KEY_VARIABLE) ?: HOST_KEY;
}

bool sealer_has_key(const Sealer *s) {
        return access(host_key_path(), R_OK) >= 0;
}

bool sealer_is_idle(const Sealer *s) {
        return g_queue_is_empty((GQueue *) &s->calls);
}

const char *sealer_error_text(const Sealer *s) {
        return s->error_text;
}

static void start_later(Sealer *s) {
        (void) sd_event_source_set_enabled(s->start_source, SD_EVENT_ONESHOT);
}

/* ---- a call ---- */

SealCall *seal_call_free(SealCall *c) {
        Sealer *s;

        if (!c)
                return NULL;
        s = c->sealer;
        if (c->filter) {
                s->n_running--;
                start_later(s);
        }
        (void) g_queue_remove(&s->calls, c);
        (void) filter_free(c->filter);
        (void) secret_free(c->input);
        g_free(c->name);
        g_free(c);
        return NULL;
}

static void set_error_text(Sealer *s, const char *text) {
        g_free(s->error_text);
        s->error_text = g_strdup(text);
}

/* systemd-creds says by its exit status only that it failed. */
static int error_of(const SealCall *c, int error) {
        if (error != -ECHILD)
                return error;
        if (!sealer_has_key(c->sealer))
                return -ENOKEY;
        return c->unsealed ? -EKEYREJECTED : -EIO;
}

static void call_back(const SealCall *c, int error, Secret *output) {
        if (c->unsealed) {
                c->unsealed(error, output, c->userdata);
                return;
        }
        c->sealed(error, output ? secret_bytes(output) : NULL, c->userdata);
        (void) secret_free(output);
}

/* Base64 comes in lines. */
static void remove_line_ends(Secret *ciphertext) {
        char *to = secret_buffer(ciphertext);
        const char *bytes = secret_bytes(ciphertext);

        for (size_t i = 0; i < secret_size(ciphertext); i++)
                if (!g_ascii_isspace(bytes[i]))
                        *to++ = bytes[i];
        secret_truncate(ciphertext, (size_t) (to - bytes));
}

static void on_done(FilterEnd *end, void *userdata) {
        _cleanup_(seal_call_freep) SealCall *c = userdata;
        int error = error_of(c, end->error);

        if (error < 0)
                set_error_text(c->sealer, end->text[0] ? end->text : g_strerror(-error));
        else if (c->sealed)
                remove_line_ends(end->output);
        call_back(c, error, error < 0 ? NULL : TAKE_PTR(end->output));
}

static int call_start(SealCall *c) {
        static const char *const environment[] = { HOST_KEY_VARIABLE, NULL };
        g_autofree char *name = g_strdup_printf("--name=%s", c->name);
        const char *const seal_arguments[] = { PROGRAM, "encrypt", "--with-key=host", name, "-", "-", NULL };
        const char *const unseal_arguments[] = { PROGRAM, "decrypt", name, "-", "-", NULL };
        const FilterSpec spec = {
                .arguments = c->sealed ? seal_arguments : unseal_arguments,
                .environment = environment,
                .input = secret_bytes(c->input),
                .input_size = secret_size(c->input),
                .output_max = c->sealed ? SEAL_CIPHERTEXT_MAX : SEAL_TEXT_MAX,
                .timeout_usec = TIMEOUT_USEC,
        };
        int r;

        r = filter_start(c->sealer->event, &spec, on_done, c, &c->filter);
        if (r < 0)
                return r;
        c->input = secret_free(c->input);
        c->sealer->n_running++;
        return 0;
}

static SealCall *next_call(const Sealer *s) {
        for (const GList *l = s->calls.head; l; l = l->next)
                if (!((SealCall *) l->data)->filter)
                        return l->data;
        return NULL;
}

static int on_start(sd_event_source *source, void *userdata) {
        Sealer *s = userdata;

        while (s->n_running < SEAL_RUNNING_MAX) {
                SealCall *c = next_call(s);
                int r;

                if (!c)
                        break;
                r = call_start(c);
                if (r < 0) {
                        _cleanup_(seal_call_freep) SealCall *failed = c;

                        set_error_text(s, g_strerror(-r));
                        call_back(failed, r, NULL);
                }
        }
        return 0;
}

/* ---- what is asked ---- */

static bool name_is_valid(const char *name) {
        static const char characters[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-.";

        return name[0] && name[0] != '.' && strlen(name) <= NAME_MAX_LENGTH && !name[strspn(name, characters)];
}

/* Takes over the input. */
static SealCall *call_new(Sealer *s, Secret *input, const char *name, void *userdata) {
        SealCall *c = g_new0(SealCall, 1);

        c->sealer = s;
        c->name = g_strdup(name);
        c->input = input;
        c->userdata = userdata;
        g_queue_push_tail(&s->calls, c);
        start_later(s);
        return c;
}

static int check(const Sealer *s, const char *name, size_t size, size_t max) {
        if (!name_is_valid(name))
                return -EINVAL;
        if (size > max)
                return -E2BIG;
        if (g_queue_get_length((GQueue *) &s->calls) >= SEAL_RUNNING_MAX + SEAL_WAITING_MAX)
                return -ENOBUFS;
        return sealer_has_key(s) ? 0 : -ENOKEY;
}

int seal(Sealer *s, const Secret *text, const char *name, Sealed done, void *userdata, SealCall **ret_call) {
        Secret *input;
        SealCall *c;
        int r;

        r = check(s, name, secret_size(text), SEAL_TEXT_MAX);
        if (r < 0)
                return r;
        input = secret_new_bytes(secret_bytes(text), secret_size(text));
        if (!input)
                return -ENOMEM;
        c = call_new(s, input, name, userdata);
        c->sealed = done;
        if (ret_call)
                *ret_call = c;
        return 0;
}

int unseal(Sealer *s, const char *ciphertext, const char *name, Unsealed done, void *userdata, SealCall **ret_call) {
        Secret *input;
        SealCall *c;
        int r;

        r = check(s, name, strlen(ciphertext), SEAL_CIPHERTEXT_MAX);
        if (r >= 0 && !ciphertext[0])
                r = -EINVAL;
        if (r < 0)
                return r;
        input = secret_new(ciphertext);
        if (!input)
                return -ENOMEM;
        c = call_new(s, input, name, userdata);
        c->unsealed = done;
        if (ret_call)
                *ret_call = c;
        return 0;
}

int seal_refuse(Refusal *f, int error, const char *class_path) {
        if (error == -ENOKEY)
                return refuse(f, error, BUS_ERROR_SENSITIVE_CONFLICT,
                              "job '%s' has sensitive input, which can be kept for later only when it can be sealed: run "
                              "\"systemd-creds setup\" as root",
                              class_path);
        if (error == -ENOBUFS)
                return refuse(f, error, BUS_ERROR_TOO_MANY,
                              "the sensitive input of too many requests is being sealed already: try again");
        return refuse(f, error, SD_BUS_ERROR_FAILED,
                      "job '%s' has sensitive input, which cannot be sealed to be kept for later: %s", class_path,
                      g_strerror(-error));
}

/* ---- making it ---- */

int sealer_new(sd_event *event, Sealer **ret) {
        _cleanup_(sealer_freep) Sealer *s = g_new0(Sealer, 1);
        int r;

        s->event = event;
        s->error_text = g_strdup("");
        g_queue_init(&s->calls);
        r = sd_event_add_defer(event, &s->start_source, on_start, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->start_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

Sealer *sealer_free(Sealer *s) {
        if (!s)
                return NULL;
        while (!g_queue_is_empty(&s->calls))
                (void) seal_call_free(s->calls.head->data);
        (void) sd_event_source_disable_unref(s->start_source);
        g_free(s->error_text);
        g_free(s);
        return NULL;
}
