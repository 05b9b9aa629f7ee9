#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# embed.sh FILE... - the migrations, in order, as the array of strings that daemon/schema.h declares.
set -eu
echo '#include "schema.h"'
echo 'const char *const schema_migrations[] = {'
for file; do
        sed -e 's/--.*$//' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^\(.*\)$/        "\1\\n"/' "$file"
        echo '        ,'
done
echo '};'
