/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* Handlers of ListObjectModels, ListObjects and ImportObjects. */
int object_bus_list_models(sd_bus_message *m, void *manager, sd_bus_error *error);
int object_bus_list(sd_bus_message *m, void *manager, sd_bus_error *error);
int object_bus_import(sd_bus_message *m, void *manager, sd_bus_error *error);
