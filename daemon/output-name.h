/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

enum { OUTPUT_NAME_MAX = 255 }; /* bytes */

/* What is wrong with a name for an output, or for a file that a run is given; NULL when nothing is. Static. */
const char *output_name_problem(const char *name);
