/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * The input of a run, or a file of it, as bytes. It may be sensitive, so it lives in pages of its own that are locked (not swapped),
 * left out of core dumps, and wiped before they are given back.
 */
typedef struct Secret Secret;

/* A copy of text. NULL with errno set when the kernel has no memory for it. */
Secret *secret_new(const char *text);
Secret *secret_new_bytes(const void *bytes, size_t size);

/* As many zeros, to be filled in; truncate to what was filled in. */
Secret *secret_new_sized(size_t size);
char *secret_buffer(Secret *s);
void secret_truncate(Secret *s, size_t size);

Secret *secret_free(Secret *s);
DEFINE_CLEANUP(Secret *, secret_free);

/* What malloc() has handed out is overwritten when it is freed; glibc then also writes to all of it when it hands it out. */
void secret_overwrite_freed(bool on);

const char *secret_bytes(const Secret *s); /* ends in NUL */
size_t secret_size(const Secret *s);
