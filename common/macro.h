/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Ownership: g_autoptr() and g_autofree for GLib's types and memory, _cleanup_() for our own objects and those of
 * libsystemd and SQLite. Memory of one allocator is never freed by the other: what libsystemd hands out as char* is
 * freed by free() (_cleanup_free_), our own strings by g_free() (g_autofree).
 */

#define _cleanup_(function) __attribute__((__cleanup__(function)))
#define _unused_ __attribute__((__unused__))
#define _must_check_ __attribute__((__warn_unused_result__))
#define _printf_(a, b) __attribute__((__format__(printf, a, b)))

/* Defines function##p(), for _cleanup_(function##p): frees *p when it is set. */
#define DEFINE_CLEANUP(type, function)                                                                             \
        static inline void function##p(type *p) {                                                                  \
                if (*p)                                                                                            \
                        function(*p);                                                                              \
        }                                                                                                          \
        struct define_cleanup_needs_a_semicolon

/* Hands the pointer over to someone else: the variable is NULL afterwards. */
#define TAKE_PTR(pointer)                                                                                          \
        ({                                                                                                         \
                __auto_type _taken = (pointer);                                                                    \
                (pointer) = NULL;                                                                                  \
                _taken;                                                                                            \
        })

#define TAKE_FD(fd)                                                                                                \
        ({                                                                                                         \
                int _taken = (fd);                                                                                 \
                (fd) = -EBADF;                                                                                     \
                _taken;                                                                                            \
        })

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

static inline void freep(void *p) {
        free(*(void **) p);
}

static inline void closep(int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
}

static inline void fclosep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)

#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define NSEC_PER_USEC UINT64_C(1000)
#define USEC_INFINITY UINT64_MAX
