/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * The name nearest to what was typed, by letters added, left out, replaced or swapped with their neighbour; NULL when
 * none is near enough to be meant. names is NULL-terminated; the result is one of its elements. Pure.
 */
const char *suggest_nearest(const char *typed, const char *const *names);
