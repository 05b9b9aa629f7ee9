/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * What went wrong, on standard error, after "jobctl: ". Each returns error (negative errno), so that a failure can be
 * reported and returned in one statement. Text of others is escaped.
 */
int report_error(int error, const char *format, ...) _printf_(2, 3);

/* The same, followed by ": " and the text of the errno. */
int report_errno(int error, const char *format, ...) _printf_(2, 3);

/*
 * An error that a call was answered with. The daemon's texts are written for people and shown as they are; messages by
 * variable become a line each; where jobd could not be reached at all it says what to do. subject (a job, a run) goes
 * in front of a text that does not name it, and in the place of path, the object that was called; NULL for none.
 */
int report_bus_error(const char *subject, const char *path, const sd_bus_error *e, int error);

/* There is no bus, or nobody on the socket. socket: NULL for the system bus. */
int report_cannot_connect(const char *socket, int error);

/*
 * The lines that report_bus_error() makes of the JSON text of org.jobd1.Error.InvalidData and InvalidSchedule; NULL if
 * it is not that.
 */
char *invalid_data_format(const char *json);
