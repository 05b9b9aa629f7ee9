/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unit-property.h"
#include "unit-word.h"

/* What the files of unit-property share; nobody else includes this. */

typedef struct UnitSetting UnitSetting;

/* A list of names with what each stands for; the name NULL ends it. */
typedef struct UnitName {
        const char *name;
        uint64_t value;
} UnitName;

/*
 * Turns a value into properties. Either all of the value is applied or nothing. Returns 0, or -EINVAL or -EPERM with
 * *ret_error set, by unit_setting_error() or unit_setting_refuse().
 */
typedef int UnitSettingParse(const UnitSetting *setting, const char *value, GPtrArray *properties, char **ret_error);

struct UnitSetting {
        const char *key;
        UnitSettingParse *parse;
        const char *property;  /* its name on the bus, where it is not the key */
        const char *alternate; /* a second property that the setting may turn into; set and cleared together */
        const UnitName *names; /* the words that are a value */
        int64_t min, max;      /* of a number */
        bool empty_clears;     /* an empty value takes back what was set before, as in a unit file */
        bool secret;           /* the value is not repeated in messages */
};

/* Both end with the key NULL and are sorted by key (unit-property-table.c, unit-property-refused.c). */
typedef struct UnitRefusal {
        const char *key;
        const char *reason;
} UnitRefusal;

extern const UnitSetting unit_settings[];
extern const UnitRefusal unit_refusals[];

/* unit-property.c */
const char *unit_setting_property(const UnitSetting *s);
int unit_setting_error(const UnitSetting *s, const char *value, char **ret_error, const char *format, ...)
        _printf_(4, 5);
int unit_setting_refuse(const UnitSetting *s, const char *value, char **ret_error, const char *format, ...)
        _printf_(4, 5);
void unit_properties_remove(GPtrArray *properties, const char *name);
void unit_properties_clear(GPtrArray *properties, const UnitSetting *s); /* the property and its alternate */
void unit_properties_put(GPtrArray *properties, const char *name, GVariant *value);
void unit_properties_set(GPtrArray *properties, const UnitSetting *s, GVariant *value);
void unit_properties_set_alternate(GPtrArray *properties, const UnitSetting *s, GVariant *value);
int unit_properties_check_room(const GPtrArray *properties, const UnitSetting *s, const char *name, const char *value,
                               const GVariantType *type, gsize n, char **ret_error) _must_check_;
int unit_properties_append(GPtrArray *properties, const UnitSetting *s, const char *name, const char *value,
                           GVariant *array, char **ret_error) _must_check_;
void unit_builder_add_all(GVariantBuilder *builder, GVariant *array);

/* unit-property-number.c: how systemd reads numbers. All return 0, -EINVAL (no such thing) or -ERANGE. */
int unit_parse_signed(const char *text, int64_t *ret) _must_check_;
int unit_parse_unsigned(const char *text, uint64_t *ret) _must_check_;
int unit_parse_hex(const char *text, uint64_t *ret) _must_check_;
int unit_parse_boolean(const char *text, bool *ret) _must_check_;
int unit_parse_mode(const char *text, uint32_t *ret) _must_check_;
int unit_parse_permyriad(const char *text, uint32_t *ret) _must_check_; /* "50%": 5000; not limited to 100% */
int unit_parse_range(const char *text, uint32_t *ret_lower, uint32_t *ret_upper) _must_check_;
int unit_parse_cpu_set(const char *text, GString **ret) _must_check_; /* bytes: CPU n is bit n%8 of byte n/8 */
uint32_t unit_scale_from_permyriad(uint32_t permyriad);

/* unit-property-names.c */
const UnitName *unit_name_find(const UnitName *names, const char *name);
char *unit_names_join(const UnitName *names); /* "a, b or c", for messages */
int unit_signal_from_name(const char *name);
int unit_errno_from_name(const char *name); /* also a number */
int unit_exit_status_from_name(const char *name);
int unit_capability_from_name(const char *name);
/* NULL when it has no name here. Free with g_free(). */
char *unit_capability_to_name(unsigned capability);
bool unit_address_family_is_known(const char *name);
bool unit_system_call_is_valid(const char *name);

/* unit-property-path.c */
int unit_path_simplify(const char *text, char **ret) _must_check_; /* absolute, without ".."; -EINVAL */
bool unit_path_is_normalized(const char *path);
bool unit_file_name_is_valid(const char *name);

/* The parsers of the table: unit-property-scalar.c */
UnitSettingParse unit_setting_boolean;
UnitSettingParse unit_setting_word;
UnitSettingParse unit_setting_word_boolean;
UnitSettingParse unit_setting_name;
UnitSettingParse unit_setting_flag;
UnitSettingParse unit_setting_integer;
UnitSettingParse unit_setting_mode;
UnitSettingParse unit_setting_nsec;
UnitSettingParse unit_setting_signal;
UnitSettingParse unit_setting_text;
UnitSettingParse unit_setting_user;
UnitSettingParse unit_setting_users;
UnitSettingParse unit_setting_kill_mode;
UnitSettingParse unit_setting_send_sigkill;

/* unit-property-limit.c */
UnitSettingParse unit_setting_limit_number;
UnitSettingParse unit_setting_limit_size;
UnitSettingParse unit_setting_limit_seconds;
UnitSettingParse unit_setting_limit_microseconds;
UnitSettingParse unit_setting_limit_nice;
UnitSettingParse unit_setting_cpu_set;
UnitSettingParse unit_setting_cpu_affinity;
UnitSettingParse unit_setting_numa_mask;
UnitSettingParse unit_setting_coredump_filter;
UnitSettingParse unit_setting_exit_status;

/* unit-property-cgroup.c */
UnitSettingParse unit_setting_weight;
UnitSettingParse unit_setting_memory;
UnitSettingParse unit_setting_tasks_max;
UnitSettingParse unit_setting_cpu_quota;
UnitSettingParse unit_setting_cpu_period;
UnitSettingParse unit_setting_pressure;
UnitSettingParse unit_setting_delegate;
UnitSettingParse unit_setting_controllers;

/* unit-property-device.c */
UnitSettingParse unit_setting_device_allow;
UnitSettingParse unit_setting_device_bandwidth;
UnitSettingParse unit_setting_device_weight;
UnitSettingParse unit_setting_device_latency;

/* unit-property-network.c */
UnitSettingParse unit_setting_ip_address;
UnitSettingParse unit_setting_ip_filter;
UnitSettingParse unit_setting_bpf_program;
UnitSettingParse unit_setting_socket_bind;

/* unit-property-exec.c */
UnitSettingParse unit_setting_exec;

/* unit-property-environment.c */
UnitSettingParse unit_setting_environment;
UnitSettingParse unit_setting_environment_names;
UnitSettingParse unit_setting_environment_file;
UnitSettingParse unit_setting_input;
UnitSettingParse unit_setting_output;
UnitSettingParse unit_setting_input_text;
UnitSettingParse unit_setting_input_data;

/* unit-property-credential.c */
UnitSettingParse unit_setting_load_credential;
UnitSettingParse unit_setting_set_credential;
UnitSettingParse unit_setting_set_credential_encrypted;

/* unit-property-path.c */
UnitSettingParse unit_setting_path;
UnitSettingParse unit_setting_working_directory;
UnitSettingParse unit_setting_paths;
UnitSettingParse unit_setting_search_path;
UnitSettingParse unit_setting_directory;

/* unit-property-mount.c */
UnitSettingParse unit_setting_bind;
UnitSettingParse unit_setting_temporary;
UnitSettingParse unit_setting_image_options;
UnitSettingParse unit_setting_mount_images;
UnitSettingParse unit_setting_extension_images;
UnitSettingParse unit_setting_root_hash;

/* unit-property-sandbox.c */
UnitSettingParse unit_setting_capabilities;
UnitSettingParse unit_setting_secure_bits;
UnitSettingParse unit_setting_namespaces;
UnitSettingParse unit_setting_label;
UnitSettingParse unit_setting_selinux;

/* unit-property-filter.c */
UnitSettingParse unit_setting_system_calls;
UnitSettingParse unit_setting_address_families;
UnitSettingParse unit_setting_file_systems;
UnitSettingParse unit_setting_interfaces;
UnitSettingParse unit_setting_errno;
UnitSettingParse unit_setting_architectures;
