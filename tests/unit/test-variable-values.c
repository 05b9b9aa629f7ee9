/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-variable.h"
#include "variables-objects.h"

/* The request's side: what each type accepts, what the job then gets, and what is said of the rest. */

typedef struct Value {
        const char *lines;    /* of the variable "v" */
        const char *value;    /* JSON; NULL: not given */
        const char *accepted; /* JSON the job gets; NULL: refused, ... */
        const char *refused;  /* ... with this message or, in [], these */
} Value;

#define REQUIRED "This field is required."
#define NOT_A_STRING "Not a valid string."
#define CONTROL "Control characters are not allowed."
#define NOT_A_NUMBER "Enter a whole number."
#define NOT_A_BOOLEAN "Enter true or false."
#define NOT_JSON "Enter a valid JSON."
#define NO_MASK "CIDR mask (e.g. /24) is required."
#define NOT_AN_ADDRESS "Please specify a valid IPv4 or IPv6 address."
#define NOT_A_DURATION "Enter a valid duration, such as \\\"2min 30s\\\" or a number of seconds."

static const Value strings[] = {
        { "", "\"a\"", "\"a\"", NULL },
        { "", "\" a \"", "\" a \"", NULL }, /* not stripped */
        { "", "\"   \"", "\"   \"", NULL },
        { "", "\"tab\\tline\\nend\"", "\"tab\\tline\\nend\"", NULL },
        { "", "\"$(reboot) `id` ${HOME} $HOME %n %i ; | & > < * ? ' \\\" \\\\\"",
          "\"$(reboot) `id` ${HOME} $HOME %n %i ; | & > < * ? ' \\\" \\\\\"", NULL },
        { "", "\"--help\"", "\"--help\"", NULL },
        { "", "\"é😀\"", "\"é😀\"", NULL },
        { "", "\"\\ud83d\\ude00\"", "\"😀\"", NULL },
        { "", "\"null\"", "\"null\"", NULL },
        { "", NULL, NULL, REQUIRED },
        { "", "null", NULL, REQUIRED },
        { "", "\"\"", NULL, REQUIRED },
        { "Required=no", NULL, "null", NULL },
        { "Required=no", "null", "null", NULL },
        { "Required=no", "\"\"", "\"\"", NULL },
        { "Required=no\nMinLength=3\nRegex=[a-z]+", "\"\"", "\"\"", NULL },
        { "Default=d", NULL, "\"d\"", NULL },
        { "Default=d", "\"e\"", "\"e\"", NULL },
        { "Default=d", "null", NULL, REQUIRED },
        { "Default=d\nRequired=no", "null", "null", NULL },
        { "Default=d\nRequired=no", "\"\"", "\"\"", NULL },
        { "", "5", NULL, NOT_A_STRING },
        { "", "0.5", NULL, NOT_A_STRING },
        { "", "true", NULL, NOT_A_STRING },
        { "", "[]", NULL, NOT_A_STRING },
        { "", "[\"a\"]", NULL, NOT_A_STRING },
        { "", "{\"a\":\"b\"}", NULL, NOT_A_STRING },
        { "", "\"a\\rb\"", NULL, CONTROL },
        { "", "\"a\\u001b[31mb\"", NULL, CONTROL },
        { "", "\"a\\u007f\"", NULL, CONTROL },
        { "", "\"a\\u009b\"", NULL, CONTROL },

        { "MinLength=3", "\"abc\"", "\"abc\"", NULL },
        { "MinLength=3", "\"ab\"", NULL, "Ensure this value has at least 3 characters (it has 2)." },
        { "MinLength=3", "\"éé\"", NULL, "Ensure this value has at least 3 characters (it has 2)." },
        { "MinLength=2", "\"😀\"", NULL, "Ensure this value has at least 2 characters (it has 1)." },
        { "MaxLength=3", "\"é😀é\"", "\"é😀é\"", NULL },
        { "MaxLength=3", "\"abcd\"", NULL, "Ensure this value has at most 3 characters (it has 4)." },
        { "MaxLength=1", "\"ab\"", NULL, "Ensure this value has at most 1 character (it has 2)." },
        { "MinLength=0\nMaxLength=1", "\"a\"", "\"a\"", NULL },
        { "MinLength=1", "\"\"", NULL, REQUIRED },

        { "Regex=[a-z]+", "\"abc\"", "\"abc\"", NULL },
        { "Regex=[a-z]+", "\"Abc\"", NULL, "Invalid value. Must match regex: [a-z]+" },
        { "Regex=[a-z]+", "\"abc9\"", NULL, "Invalid value. Must match regex: [a-z]+" },
        { "Regex=[a-z]+", "\"abc\\n\"", NULL, "Invalid value. Must match regex: [a-z]+" },
        { "Regex=[a-z]+$", "\"abc\\n\"", NULL, "Invalid value. Must match regex: [a-z]+$" },
        { "Regex=(?m)^[a-z]+$", "\"abc\\nx;\"", NULL, "Invalid value. Must match regex: (?m)^[a-z]+$" },
        { "Regex=a|b", "\"a\"", "\"a\"", NULL },
        { "Regex=a|b", "\"b\"", "\"b\"", NULL },
        { "Regex=a|b", "\"ab\"", NULL, "Invalid value. Must match regex: a|b" },
        { "Regex=a|b", "\"ac\"", NULL, "Invalid value. Must match regex: a|b" },
        { "Regex=a|b", "\"cb\"", NULL, "Invalid value. Must match regex: a|b" },
        { "Regex=a|ab", "\"ab\"", "\"ab\"", NULL }, /* the first that fits is not the whole */
        { "Regex=^a$", "\"a\"", "\"a\"", NULL },
        { "Regex=.+", "\"é😀\"", "\"é😀\"", NULL },
        { "Regex=..", "\"😀\"", NULL, "Invalid value. Must match regex: .." },
        { "Regex=a(*ACCEPT)", "\"ab\"", NULL, "Invalid value. Must match regex: a(*ACCEPT)" },
        { "Regex=a\\Kb", "\"ab\"", NULL, "Invalid value. Must match regex: a\\\\Kb" },
        { "Regex=(?i)abc", "\"ABC\"", "\"ABC\"", NULL },
        { "MinLength=3\nRegex=[a-z]+", "\"A\"", NULL,
          "[\"Ensure this value has at least 3 characters (it has 1).\","
          "\"Invalid value. Must match regex: [a-z]+\"]" },

        { "Sensitive=yes", "\"hunter2\"", "\"hunter2\"", NULL },
        { "Sensitive=yes\nMinLength=8\nRegex=[0-9]+", "\"hunter2\"", NULL,
          "[\"Ensure this value has at least 8 characters.\",\"Invalid value. Must match regex: [0-9]+\"]" },
};

static const Value texts[] = {
        { "Type=text", "\"a\\nb\\n\"", "\"a\\nb\\n\"", NULL },
        { "Type=text", "\"a\\r\\nb\\r\\n\"", "\"a\\nb\\n\"", NULL },
        { "Type=text", "\"a\\rb\"", NULL, CONTROL },
        { "Type=text", "\"a\\r\\r\\nb\"", NULL, CONTROL },
        { "Type=text", "\"\\u0007\"", NULL, CONTROL },
        { "Type=text", "\"\"", NULL, REQUIRED },
        { "Type=text\nRequired=no", "\"\"", "\"\"", NULL },
        { "Type=text\nRequired=no", NULL, "null", NULL },
        { "Type=text\nDefault=a b", NULL, "\"a b\"", NULL },
        { "Type=text", "1", NULL, NOT_A_STRING },
};

static const Value json_values[] = {
        { "Type=json", "{\"a\":[1,0.5,null,\"x\"]}", "{\"a\":[1,0.5,null,\"x\"]}", NULL },
        { "Type=json", "\"{\\\"key1\\\": \\\"value1\\\"}\"", "{\"key1\":\"value1\"}", NULL },
        { "Type=json", "\"{\\\"key1\\\": True}\"", NULL, NOT_JSON },
        { "Type=json", "\"{'a': 1}\"", NULL, NOT_JSON },
        { "Type=json", "\"{\\\"a\\\":1,\\\"a\\\":2}\"", NULL, NOT_JSON },
        { "Type=json", "\"[9223372036854775808]\"", NULL, NOT_JSON },
        { "Type=json", "\"[\\\"\\\\u0000\\\"]\"", NULL, NOT_JSON },
        { "Type=json", "\"foo\"", NULL, NOT_JSON },
        { "Type=json", "\"\\\"foo\\\"\"", NULL, NOT_JSON " An object, a list, a number or a boolean is taken." },
        { "Type=json", "\"5\"", "5", NULL },
        { "Type=json", "\"[]\"", "[]", NULL },
        { "Type=json", "[]", "[]", NULL },
        { "Type=json", "{}", "{}", NULL },
        { "Type=json", "false", "false", NULL },
        { "Type=json", "0", "0", NULL },
        { "Type=json", "null", NULL, REQUIRED },
        { "Type=json", "\"null\"", NULL, REQUIRED },
        { "Type=json", "\"\"", NULL, REQUIRED },
        { "Type=json\nRequired=no", "null", "null", NULL },
        { "Type=json\nRequired=no", "\"null\"", "null", NULL },
        { "Type=json\nRequired=no", "\"\"", "null", NULL },
        { "Type=json\nDefault={\"a\": 1}", NULL, "{\"a\":1}", NULL },
        { "Type=json\nSensitive=yes", "\"{hunter2\"", NULL, NOT_JSON },
        { "Type=json", "[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]", /* 24 */
          "[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]", NULL },
        { "Type=json", "[[[[[[[[[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]]]]]]]]]", NULL,
          "Ensure this value is nested at most 24 levels deep." },
};

static const Value integers[] = {
        { "Type=integer", "0", "0", NULL },
        { "Type=integer", "-5", "-5", NULL },
        { "Type=integer", "-0", "0", NULL },
        { "Type=integer", "9223372036854775807", "9223372036854775807", NULL },
        { "Type=integer", "-9223372036854775808", "-9223372036854775808", NULL },
        { "Type=integer", "\"123\"", "123", NULL },
        { "Type=integer", "\"-123\"", "-123", NULL },
        { "Type=integer", "\"-0\"", "0", NULL },
        { "Type=integer", "\"9223372036854775807\"", "9223372036854775807", NULL },
        { "Type=integer", "\"-9223372036854775808\"", "-9223372036854775808", NULL },
        { "Type=integer", "\"9223372036854775808\"", NULL,
          "Ensure this value is less than or equal to 9223372036854775807." },
        { "Type=integer", "\"-9223372036854775809\"", NULL,
          "Ensure this value is greater than or equal to -9223372036854775808." },
        { "Type=integer\nMinValue=0\nMaxValue=9", "\"99999999999999999999999\"", NULL,
          "Ensure this value is less than or equal to 9." },
        { "Type=integer\nMinValue=0", "\"-99999999999999999999999\"", NULL,
          "Ensure this value is greater than or equal to 0." },
        { "Type=integer", "\"+5\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"007\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\" 5\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"5 \"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"5\\n\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"5.0\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"0x10\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"1e3\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"-\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"--5\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"1_000\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"٣\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "\"five\"", NULL, NOT_A_NUMBER },
        { "Type=integer", "5.0", NULL, NOT_A_NUMBER },
        { "Type=integer", "1e3", NULL, NOT_A_NUMBER },
        { "Type=integer", "true", NULL, NOT_A_NUMBER },
        { "Type=integer", "[1]", NULL, NOT_A_NUMBER },
        { "Type=integer", "{}", NULL, NOT_A_NUMBER },
        { "Type=integer", "null", NULL, REQUIRED },
        { "Type=integer", "\"\"", NULL, REQUIRED },
        { "Type=integer\nRequired=no", "\"\"", "null", NULL },
        { "Type=integer\nRequired=no", NULL, "null", NULL },
        { "Type=integer\nDefault=0", NULL, "0", NULL },
        { "Type=integer\nMinValue=5\nMaxValue=10", "5", "5", NULL },
        { "Type=integer\nMinValue=5\nMaxValue=10", "10", "10", NULL },
        { "Type=integer\nMinValue=5\nMaxValue=10", "4", NULL, "Ensure this value is greater than or equal to 5." },
        { "Type=integer\nMinValue=5\nMaxValue=10", "11", NULL, "Ensure this value is less than or equal to 10." },
        { "Type=integer\nMinValue=5\nMaxValue=10", "\"11\"", NULL, "Ensure this value is less than or equal to 10." },
        { "Type=integer\nMinValue=0", "-1", NULL, "Ensure this value is greater than or equal to 0." },
        { "Type=integer\nMinValue=0", "0", "0", NULL },
        { "Type=integer\nMaxValue=0", "1", NULL, "Ensure this value is less than or equal to 0." },
        { "Type=integer\nMaxValue=0", "0", "0", NULL },
        { "Type=integer\nMinValue=-9223372036854775808", "-9223372036854775808", "-9223372036854775808", NULL },
};

static const Value booleans[] = {
        { "Type=boolean", "true", "true", NULL },
        { "Type=boolean", "false", "false", NULL },
        { "Type=boolean", "\"true\"", "true", NULL },
        { "Type=boolean", "\"True\"", "true", NULL },
        { "Type=boolean", "\"FALSE\"", "false", NULL },
        { "Type=boolean", NULL, "false", NULL },
        { "Type=boolean", "null", "false", NULL },
        { "Type=boolean", "\"\"", "false", NULL },
        { "Type=boolean\nDefault=yes", NULL, "true", NULL },
        { "Type=boolean\nDefault=yes", "false", "false", NULL },
        { "Type=boolean\nDefault=yes", "null", "false", NULL },
        { "Type=boolean\nRequired=no", NULL, "false", NULL },
        { "Type=boolean", "1", NULL, NOT_A_BOOLEAN },
        { "Type=boolean", "0", NULL, NOT_A_BOOLEAN },
        { "Type=boolean", "\"1\"", NULL, NOT_A_BOOLEAN },
        { "Type=boolean", "\"yes\"", NULL, NOT_A_BOOLEAN },
        { "Type=boolean", "\"true \"", NULL, NOT_A_BOOLEAN },
        { "Type=boolean", "[]", NULL, NOT_A_BOOLEAN },
        { "Type=boolean", "{}", NULL, NOT_A_BOOLEAN },
};

#define COLOURS "Choices=red:Red \"dark blue\":'Dark Blue' 5\n"

static const Value choices[] = {
        { "Type=choice\n" COLOURS "Label=x", "\"red\"", "\"red\"", NULL },
        { "Type=choice\n" COLOURS "Label=x", "\"dark blue\"", "\"dark blue\"", NULL },
        { "Type=choice\n" COLOURS "Label=x", "\"5\"", "\"5\"", NULL },
        { "Type=choice\n" COLOURS "Label=x", "\"taupe\"", NULL,
          "Select a valid choice. taupe is not one of the available choices." },
        { "Type=choice\n" COLOURS "Label=x", "\"Red\"", NULL,
          "Select a valid choice. Red is not one of the available choices." },
        { "Type=choice\n" COLOURS "Label=x", "\"red \"", NULL,
          "Select a valid choice. red  is not one of the available choices." },
        { "Type=choice\n" COLOURS "Label=x", "\"a\\nb\\u001b[0m\"", NULL,
          "Select a valid choice. a\\\\u000ab\\\\u001b[0m is not one of the available choices." },
        { "Type=choice\n" COLOURS "Label=x", "5", NULL, NOT_A_STRING },
        { "Type=choice\n" COLOURS "Label=x", "[\"red\"]", NULL, NOT_A_STRING },
        { "Type=choice\n" COLOURS "Label=x", "\"\"", NULL, REQUIRED },
        { "Type=choice\n" COLOURS "Required=no", "\"\"", "null", NULL },
        { "Type=choice\n" COLOURS "Required=no", NULL, "null", NULL },
        { "Type=choice\n" COLOURS "Default=dark blue", NULL, "\"dark blue\"", NULL },
        { "Type=choice\n" COLOURS "Sensitive=yes", "\"taupe\"", NULL,
          "Select a valid choice. That choice is not one of the available choices." },

        { "Type=multichoice\n" COLOURS "Label=x", "[\"5\",\"red\"]", "[\"5\",\"red\"]", NULL },
        { "Type=multichoice\n" COLOURS "Label=x", "[\"red\",\"5\",\"red\"]", "[\"red\",\"5\"]", NULL },
        { "Type=multichoice\n" COLOURS "Label=x", "[\"taupe\",\"red\",\"mauve\",1]", NULL,
          "[\"Select a valid choice. taupe is not one of the available choices.\","
          "\"Select a valid choice. mauve is not one of the available choices.\",\"Not a valid string.\"]" },
        { "Type=multichoice\n" COLOURS "Label=x", "[null]", NULL, NOT_A_STRING },
        { "Type=multichoice\n" COLOURS "Label=x", "[\"\"]", NULL,
          "Select a valid choice.  is not one of the available choices." },
        { "Type=multichoice\n" COLOURS "Label=x", "\"red\"", NULL, "Enter a list of values." },
        { "Type=multichoice\n" COLOURS "Label=x", "{\"red\":1}", NULL, "Enter a list of values." },
        { "Type=multichoice\n" COLOURS "Label=x", "[]", NULL, REQUIRED },
        { "Type=multichoice\n" COLOURS "Label=x", "null", NULL, REQUIRED },
        { "Type=multichoice\n" COLOURS "Required=no", "[]", "[]", NULL },
        { "Type=multichoice\n" COLOURS "Required=no", "\"\"", "null", NULL },
        { "Type=multichoice\n" COLOURS "Required=no", NULL, "null", NULL },
        { "Type=multichoice\n" COLOURS "Default=5,red", NULL, "[\"5\",\"red\"]", NULL },
};

/* The reference's own cases; test-variable-address.c has the rest. */
static const Value addresses[] = {
        { "Type=ipaddress", "\"192.0.2.1\"", "\"192.0.2.1\"", NULL },
        { "Type=ipaddress", "\"2001:DB8:0::1\"", "\"2001:db8::1\"", NULL },
        { "Type=ipaddress", "\"1.2.3\"", NULL, "Invalid IPv4/IPv6 address format: 1.2.3" },
        { "Type=ipaddress", "\"192.0.2.1/24\"", NULL, "Invalid IPv4/IPv6 address format: 192.0.2.1/24" },
        { "Type=ipaddress", "\"fe80::1%lo\"", NULL, "Invalid IPv4/IPv6 address format: fe80::1%lo" },
        { "Type=ipaddress", "\"localhost\"", NULL, "Invalid IPv4/IPv6 address format: localhost" },
        { "Type=ipaddress", "\"%n%s\"", NULL, "Invalid IPv4/IPv6 address format: %n%s" },
        { "Type=ipaddress", "\"192.0.2.1\\n\"", NULL, CONTROL },
        { "Type=ipaddress", "3221225985", NULL, NOT_A_STRING },
        { "Type=ipaddress", "\"\"", NULL, REQUIRED },
        { "Type=ipaddress\nRequired=no", "\"\"", "null", NULL },
        { "Type=ipaddress\nSensitive=yes", "\"hunter2\"", NULL, "Invalid IPv4/IPv6 address format." },

        { "Type=ipaddress-with-mask", "\"192.0.2.1/24\"", "\"192.0.2.1/24\"", NULL },
        { "Type=ipaddress-with-mask", "\"0.0.0.0/0\"", "\"0.0.0.0/0\"", NULL },
        { "Type=ipaddress-with-mask", "\"2001:db8::0:1/128\"", "\"2001:db8::1/128\"", NULL },
        { "Type=ipaddress-with-mask", "\"192.0.2.1\"", NULL, NO_MASK },
        { "Type=ipaddress-with-mask", "\"1.2.3\"", NULL, NO_MASK },
        { "Type=ipaddress-with-mask", "\"192.0.2.1/24/24\"", NULL, NO_MASK },
        { "Type=ipaddress-with-mask", "\"192.0.2.1/\"", NULL, NOT_AN_ADDRESS },
        { "Type=ipaddress-with-mask", "\"192.0.2.1/33\"", NULL, NOT_AN_ADDRESS },
        { "Type=ipaddress-with-mask", "\"192.0.2.1/-0\"", NULL, NOT_AN_ADDRESS },
        { "Type=ipaddress-with-mask", "\"192.0.2.1/024\"", NULL, NOT_AN_ADDRESS },
        { "Type=ipaddress-with-mask", "\"192.0.2.1/255.255.255.0\"", NULL, NOT_AN_ADDRESS },
        { "Type=ipaddress-with-mask", "\"192.0.2.1/18446744073709551640\"", NULL, NOT_AN_ADDRESS },
        { "Type=ipaddress-with-mask", "\"/24\"", NULL, NOT_AN_ADDRESS },
        { "Type=ipaddress-with-mask", "{}", NULL, NOT_A_STRING },

        { "Type=ipnetwork", "\"192.0.2.0/24\"", "\"192.0.2.0/24\"", NULL },
        { "Type=ipnetwork", "\"2001:DB8::/32\"", "\"2001:db8::/32\"", NULL },
        { "Type=ipnetwork", "\"192.0.2.7/32\"", "\"192.0.2.7/32\"", NULL },
        { "Type=ipnetwork", "\"1.2.3\"", NULL, NO_MASK },
        { "Type=ipnetwork", "\"192.0.2.1/24\"", NULL,
          "192.0.2.1/24 is not a valid prefix. Did you mean 192.0.2.0/24?" },
        { "Type=ipnetwork", "\"2001:DB8::1/64\"", NULL,
          "2001:db8::1/64 is not a valid prefix. Did you mean 2001:db8::/64?" },
        { "Type=ipnetwork\nMinPrefixLength=16\nMaxPrefixLength=24", "\"10.0.0.0/16\"", "\"10.0.0.0/16\"", NULL },
        { "Type=ipnetwork\nMinPrefixLength=16\nMaxPrefixLength=24", "\"10.0.0.0/24\"", "\"10.0.0.0/24\"", NULL },
        { "Type=ipnetwork\nMinPrefixLength=16\nMaxPrefixLength=24", "\"10.0.0.0/15\"", NULL,
          "The prefix length must be greater than or equal to 16." },
        { "Type=ipnetwork\nMinPrefixLength=16\nMaxPrefixLength=24", "\"10.0.0.1/25\"", NULL,
          "[\"10.0.0.1/25 is not a valid prefix. Did you mean 10.0.0.0/25?\","
          "\"The prefix length must be less than or equal to 24.\"]" },
        { "Type=ipnetwork\nMaxPrefixLength=0", "\"0.0.0.0/0\"", "\"0.0.0.0/0\"", NULL },
        { "Type=ipnetwork\nMaxPrefixLength=0", "\"0.0.0.0/1\"", NULL,
          "The prefix length must be less than or equal to 0." },
        { "Type=ipnetwork\nSensitive=yes", "\"192.0.2.1/24\"", NULL,
          "Not a valid prefix: bits after its length are set." },
};

static const Value paths[] = {
        { "Type=path", "\"/etc/passwd\"", "\"/etc/passwd\"", NULL },
        { "Type=path", "\"/\"", "\"/\"", NULL },
        { "Type=path", "\"//\"", "\"/\"", NULL },
        { "Type=path", "\"/.\"", "\"/\"", NULL },
        { "Type=path", "\"//etc///./passwd/\"", "\"/etc/passwd\"", NULL },
        { "Type=path", "\"/a/...\"", "\"/a/...\"", NULL },
        { "Type=path", "\"/a/..b/.c\"", "\"/a/..b/.c\"", NULL },
        { "Type=path", "\"/a b/$(id)/%n/é\"", "\"/a b/$(id)/%n/é\"", NULL },
        { "Type=path", "\"etc/passwd\"", NULL, "Enter an absolute path, starting with \\\"/\\\"." },
        { "Type=path", "\"./x\"", NULL, "Enter an absolute path, starting with \\\"/\\\"." },
        { "Type=path", "\"~/x\"", NULL, "Enter an absolute path, starting with \\\"/\\\"." },
        { "Type=path", "\"/srv/../etc\"", NULL, "Enter a path without \\\"..\\\"." },
        { "Type=path", "\"/..\"", NULL, "Enter a path without \\\"..\\\"." },
        { "Type=path", "\"/srv/..\"", NULL, "Enter a path without \\\"..\\\"." },
        { "Type=path", "\"/a\\nb\"", NULL, CONTROL },
        { "Type=path", "\"/a\\tb\"", NULL, CONTROL },
        { "Type=path", "5", NULL, NOT_A_STRING },
        { "Type=path", "\"\"", NULL, REQUIRED },
        { "Type=path\nRequired=no", "\"\"", "null", NULL },
        { "Type=path\nRegex=/srv/.+", "\"//srv//x/\"", "\"/srv/x\"", NULL },
        { "Type=path\nRegex=/srv/.+", "\"/srv/\"", NULL, "Invalid value. Must match regex: /srv/.+" },
        { "Type=path\nRegex=/srv/.+", "\"/etc/srv/x\"", NULL, "Invalid value. Must match regex: /srv/.+" },
};

static const Value durations[] = {
        { "Type=duration", "\"2min 30s\"", "150", NULL },
        { "Type=duration", "\"90\"", "90", NULL },
        { "Type=duration", "\"1.5h\"", "5400", NULL },
        { "Type=duration", "\"500ms\"", "0.5", NULL },
        { "Type=duration", "\"1us\"", "1e-06", NULL },
        { "Type=duration", "\"0\"", "0", NULL },
        { "Type=duration", "90", "90", NULL },
        { "Type=duration", "0", "0", NULL },
        { "Type=duration", "1.5", "1.5", NULL },
        { "Type=duration", "2.0", "2", NULL },
        { "Type=duration", "0.1", "0.1", NULL },
        { "Type=duration", "0.0000001", "0", NULL }, /* less than half a µs */
        { "Type=duration", "\"70y\"", "2209032000", NULL },
        { "Type=duration", "2209032000", "2209032000", NULL },
        { "Type=duration", "\"70y 1us\"", NULL, "Ensure this value is less than or equal to 70y." },
        { "Type=duration", "2209032001", NULL, "Ensure this value is less than or equal to 70y." },
        { "Type=duration", "9223372036854775807", NULL, "Ensure this value is less than or equal to 70y." },
        { "Type=duration", "1e300", NULL, "Ensure this value is less than or equal to 70y." },
        { "Type=duration", "-1", NULL, NOT_A_DURATION },
        { "Type=duration", "-0.5", NULL, NOT_A_DURATION },
        { "Type=duration", "\"-1s\"", NULL, NOT_A_DURATION },
        { "Type=duration", "\"infinity\"", NULL, NOT_A_DURATION },
        { "Type=duration", "\"soon\"", NULL, NOT_A_DURATION },
        { "Type=duration", "\"5 parsecs\"", NULL, NOT_A_DURATION },
        { "Type=duration", "\"\\n\"", NULL, NOT_A_DURATION },
        { "Type=duration", "true", NULL, NOT_A_DURATION },
        { "Type=duration", "[90]", NULL, NOT_A_DURATION },
        { "Type=duration", "\"\"", NULL, REQUIRED },
        { "Type=duration\nRequired=no", "\"\"", "null", NULL },
        { "Type=duration\nDefault=1h", NULL, "3600", NULL },
        { "Type=duration\nMinValue=1min\nMaxValue=1h", "\"60s\"", "60", NULL },
        { "Type=duration\nMinValue=1min\nMaxValue=1h", "3600", "3600", NULL },
        { "Type=duration\nMinValue=1min\nMaxValue=1h", "59.999999", NULL,
          "Ensure this value is greater than or equal to 1min." },
        { "Type=duration\nMinValue=1min\nMaxValue=1h", "\"1h 1us\"", NULL,
          "Ensure this value is less than or equal to 1h." },
        { "Type=duration\nMaxValue=0", "1", NULL, "Ensure this value is less than or equal to 0." },
};

static void assert_values(const Value *values, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const Value *v = values + i;
                g_autoptr(GPtrArray) class = class_new();
                g_autofree char *input = NULL, *accepted = NULL, *refused = NULL;

                class_add(class, "v", *v->lines ? v->lines : "Type=string");
                input = v->value ? g_strdup_printf("{\"v\":%s}", v->value) : g_strdup("{}");
                if (v->accepted)
                        accepted = g_strdup_printf("{\"v\":%s}", v->accepted);
                else
                        refused = g_strdup_printf(v->refused[0] == '[' ? "{\"v\":%s}" : "{\"v\":[\"%s\"]}",
                                                  v->refused);
                assert_request(class, input, accepted, refused);
        }
}

static void test_string(void) {
        assert_values(strings, ELEMENTSOF(strings));
}

static void test_text(void) {
        assert_values(texts, ELEMENTSOF(texts));
}

static void test_json(void) {
        assert_values(json_values, ELEMENTSOF(json_values));
}

static void test_integer(void) {
        assert_values(integers, ELEMENTSOF(integers));
}

static void test_boolean(void) {
        assert_values(booleans, ELEMENTSOF(booleans));
}

static void test_choice(void) {
        assert_values(choices, ELEMENTSOF(choices));
}

static void test_address(void) {
        assert_values(addresses, ELEMENTSOF(addresses));
}

static void test_path(void) {
        assert_values(paths, ELEMENTSOF(paths));
}

static void test_duration(void) {
        assert_values(durations, ELEMENTSOF(durations));
}

static void test_dryrun(void) {
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "dryrun", "Type=dryrun");
        assert_request(class, "{}", "{\"dryrun\":false}", NULL);
        assert_request(class, "{\"dryrun\":true}", "{\"dryrun\":true}", NULL);
        assert_request(class, "{\"dryrun\":\"true\"}", "{\"dryrun\":true}", NULL);
        assert_request(class, "{\"dryrun\":null}", "{\"dryrun\":false}", NULL);
        assert_request(class, "{\"dryrun\":\"maybe\"}", NULL, "{\"dryrun\":[\"Enter true or false.\"]}");
}

/* A string of its own, which json_parse() would not have let through. */
static void assert_text(const char *lines, const char *text, const char *accepted, const char *message) {
        g_autoptr(GPtrArray) class = class_new();
        g_autoptr(JsonObject) input = json_object_new(), result = json_object_new();
        g_autofree char *outcome = NULL;

        class_add(class, "v", lines);
        json_object_set_string_member(input, "v", text);
        if (accepted)
                json_object_set_string_member(result, "v", accepted);
        else {
                JsonArray *messages = json_array_new();

                json_array_add_string_element(messages, message);
                json_object_set_array_member(result, "v", messages);
        }
        outcome = json_format_object(result);
        assert_validated(class, input, accepted ? outcome : NULL, accepted ? NULL : outcome);
}

static void test_long_values(void) {
        static const char *const types[] = {
                "Type=string\nRegex=x*", "Type=text", "Type=ipaddress", "Type=ipaddress-with-mask", "Type=ipnetwork",
                "Type=path",
        };
        g_autofree char *megabyte = g_strnfill(1024 * 1024, 'x'), *longest = g_strnfill(VARIABLE_VALUE_MAX, 'x');
        g_autofree char *shown = g_strndup(megabyte, 80), *choice = NULL;

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                assert_text(types[i], megabyte, NULL, "Ensure this value has at most 65536 bytes.");

        assert_text("Type=string\nRegex=x*", longest, longest, NULL);
        assert_text("Type=string\nRegex=(?:x|y)*", longest, longest, NULL);
        assert_text("Type=text", longest, longest, NULL);
        assert_text("Type=integer", megabyte, NULL, "Enter a whole number.");
        assert_text("Type=boolean", megabyte, NULL, "Enter true or false.");
        assert_text("Type=duration", megabyte, NULL,
                    "Enter a valid duration, such as \"2min 30s\" or a number of seconds.");
        assert_text("Type=json", megabyte, NULL, "Enter a valid JSON.");

        choice = g_strdup_printf("Select a valid choice. %s… is not one of the available choices.", shown);
        assert_text("Type=choice\nChoices=a", megabyte, NULL, choice);
}

/* Not from json_parse(), which refuses them: nothing may read past the end. */
static void test_not_utf8(void) {
        assert_text("Type=string", "a\xff", NULL, "Not a valid string.");
        assert_text("Type=text", "\xc3", NULL, "Not a valid string.");
        assert_text("Type=path", "/\xed\xa0\x80", NULL, "Not a valid string.");
}

static void test_path_lengths(void) {
        g_autofree char *name = g_strnfill(255, 'n'), *path = g_strdup_printf("/%s", name);
        g_autofree char *long_name = g_strdup_printf("/%sn", name);
        g_autoptr(GString) longest = g_string_new(NULL);

        assert_text("Type=path", path, path, NULL);
        assert_text("Type=path", long_name, NULL, "Ensure each name in this path has at most 255 bytes.");

        for (unsigned i = 0; i < 16; i++)
                g_string_append(longest, path); /* 4096 bytes, one too many for PATH_MAX with its NUL */
        assert_text("Type=path", longest->str, NULL, "Ensure this path has at most 4095 bytes.");
        g_string_truncate(longest, 4095);
        assert_text("Type=path", longest->str, longest->str, NULL);
}

/* Each would run for longer than the universe is old without a bound. */
static void test_hostile_regex(void) {
        static const char *const patterns[][2] = {
                { "Regex=(a+)+$", "Invalid value. It takes too long to match regex: (a+)+$" },
                { "Regex=(a|a)*[bc]", "Invalid value. It takes too long to match regex: (a|a)*[bc]" },
                { "Regex=(a*)*(b*)*[cd]", "Invalid value. It takes too long to match regex: (a*)*(b*)*[cd]" },
                { "Regex=(.*?,){30}b", "Invalid value. Must match regex: (.*?,){30}b" },
        };
        g_autofree char *letters = g_strnfill(60, 'a'), *value = g_strdup_printf("%s!", letters);
        _cleanup_(variable_freep) Variable *v = variable_new("v");

        for (size_t i = 0; i < ELEMENTSOF(patterns); i++)
                assert_text(patterns[i][0], value, NULL, patterns[i][1]);
        assert_text("Regex=(a+)+$", letters, letters, NULL);

        /* Some two million steps: our limit, not PCRE2's own of ten. */
        value[20] = '!';
        value[21] = '\0';
        assert_text(patterns[1][0], value, NULL, patterns[1][1]);

        /* The pattern cannot lift the limit: such settings only count in front. */
        g_assert_cmpint(variable_set(v, "Regex", "(*LIMIT_MATCH=4000000000)a", NULL), ==, -EINVAL);
}

/* As deep as json_parse() lets it be: exponential time would not come to an end. */
static void test_json_depth(void) {
        static const char *const inner[] = { "[1]", "{}", "[{},{},[[],[]]]", "{\"a\":[],\"b\":[]}" };

        for (size_t i = 0; i < ELEMENTSOF(inner); i++) {
                g_autoptr(GPtrArray) class = class_new();
                g_autofree char *open = g_strnfill(28, '['), *close = g_strnfill(28, ']');
                g_autofree char *object = g_strdup_printf("{\"v\":%s%s%s}", open, inner[i], close);
                g_autofree char *text = g_strdup_printf("{\"v\":\"%s%s\"}", open, close);

                class_add(class, "v", "Type=json");
                assert_request(class, object, NULL,
                               "{\"v\":[\"Ensure this value is nested at most 24 levels deep.\"]}");
                assert_request(class, text, NULL,
                               "{\"v\":[\"Ensure this value is nested at most 24 levels deep.\"]}");
        }
}

static void test_json_size(void) {
        g_autoptr(GString) text = g_string_new("{\"v\":[0");
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "v", "Type=json");
        while (text->len < JSON_SIZE_MAX - 100)
                g_string_append(text, ",1e9"); /* 1000000000.0 */
        g_string_append(text, "]}");
        assert_request(class, text->str, NULL, "{\"v\":[\"Ensure this value has at most 65536 bytes as JSON.\"]}");
}

static void test_many_wrong_choices(void) {
        g_autoptr(GPtrArray) class = class_new();
        g_autoptr(GString) text = g_string_new("{\"v\":[0");
        g_autoptr(JsonObject) input = NULL, values = NULL, errors = NULL;

        class_add(class, "v", "Type=multichoice\nChoices=a");
        for (unsigned i = 0; i < 10000; i++)
                g_string_append(text, ",\"a\",0");
        g_string_truncate(text, JSON_SIZE_MAX - 10);
        g_string_truncate(text, strrchr(text->str, ',') - text->str);
        g_string_append(text, "]}");
        input = object_from_text(text->str);
        g_assert_cmpint(variables_validate(class, input, &values, &errors), ==, -EINVAL);
        g_assert_cmpuint(json_array_get_length(json_object_get_array_member(errors, "v")), ==, VARIABLE_MESSAGES_MAX);
}

/* Every problem at once, in the variables' order, then what is not known. */
static void test_every_problem(void) {
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "device", "Regex=[a-z0-9-]+");
        class_add(class, "password", "Sensitive=yes\nMaxLength=3");
        class_add(class, "retries", "Type=integer\nMinValue=0\nMaxValue=5\nDefault=1");
        class_add(class, "force", "Type=boolean");
        assert_request(class, "{\"device\":\"sw-1\",\"password\":\"abc\"}",
                       "{\"device\":\"sw-1\",\"password\":\"abc\",\"retries\":1,\"force\":false}", NULL);
        assert_request(class,
                       "{\"x\":1,\"retries\":9,\"password\":\"hunter2\",\"force\":\"x\",\"y\\n\":{\"force\":1}}",
                       NULL,
                       "{\"device\":[\"This field is required.\"],"
                       "\"password\":[\"Ensure this value has at most 3 characters.\"],"
                       "\"retries\":[\"Ensure this value is less than or equal to 5.\"],"
                       "\"force\":[\"Enter true or false.\"],"
                       "\"x\":[\"Job data contained an unknown property\"],"
                       "\"y\\n\":[\"Job data contained an unknown property\"]}");

        g_ptr_array_set_size(class, 0);
        assert_request(class, "{}", "{}", NULL);
        assert_request(NULL, "{}", "{}", NULL);
        assert_validated(NULL, NULL, "{}", NULL);
        assert_request(NULL, "{\"a\":1}", NULL, "{\"a\":[\"Job data contained an unknown property\"]}");
}

#define FILE_VALUE "{\"name\":\"a b.txt\",\"size\":5,\"sha256\":\"ab\"}"

/* Given beside the values: what stands for a file, or why it was not taken. */
static void test_files(void) {
        static const struct {
                const char *input, *files, *values, *errors;
        } cases[] = {
                { "{}", "{\"f\":" FILE_VALUE "}", "{\"f\":" FILE_VALUE ",\"o\":null,\"s\":null}", NULL },
                { "{\"f\":null,\"s\":\"x\"}", "{\"f\":" FILE_VALUE "}",
                  "{\"f\":" FILE_VALUE ",\"o\":null,\"s\":\"x\"}", NULL },
                /* what a job was given goes through again */
                { "{}", "{\"f\":{\"name\":\"a b.txt\",\"size\":5,\"sha256\":\"ab\",\"path\":\"/x\"}}",
                  "{\"f\":" FILE_VALUE ",\"o\":null,\"s\":null}", NULL },
                { "{}", NULL, NULL, "{\"f\":[\"This field is required.\"]}" },
                { "{\"f\":null}", NULL, NULL, "{\"f\":[\"This field is required.\"]}" },
                { "{\"f\":\"/etc/passwd\",\"o\":" FILE_VALUE "}", NULL, NULL,
                  "{\"f\":[\"This must be given as a file: jobctl run --file f=PATH\"],"
                  "\"o\":[\"This must be given as a file: jobctl run --file o=PATH\"]}" },
                { "{\"f\":\"\"}", "{\"f\":" FILE_VALUE "}", NULL,
                  "{\"f\":[\"This must be given as a file: jobctl run --file f=PATH\"]}" },
                { "{\"x\":1,\"s\":5}", "{\"f\":[\"a\",\"b\"],\"o\":" FILE_VALUE ",\"s\":" FILE_VALUE ",\"y\":" FILE_VALUE "}",
                  NULL,
                  "{\"f\":[\"a\",\"b\"],\"o\":[\"Ensure this file has at most 4 bytes.\"],"
                  "\"s\":[\"Not a valid string.\",\"This is a string and cannot be given as a file.\"],"
                  "\"x\":[\"Job data contained an unknown property\"],"
                  "\"y\":[\"Job data contained an unknown property\"]}" },
        };
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "f", "Type=file");
        class_add(class, "o", "Type=file\nRequired=no\nMaxSize=4");
        class_add(class, "s", "Required=no");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autoptr(JsonObject) input = object_from_text(cases[i].input), values = NULL, errors = NULL;
                g_autoptr(JsonObject) files = cases[i].files ? object_from_text(cases[i].files) : NULL;
                g_autofree char *text = NULL;
                int r;

                r = variables_validate_all(class, input, files, NULL, &values, &errors);
                g_assert_cmpint(r, ==, cases[i].values ? 0 : -EINVAL);
                text = json_format_object(r < 0 ? errors : values);
                g_assert_cmpstr(text, ==, cases[i].values ?: cases[i].errors);
                if (r >= 0) {
                        g_autoptr(JsonObject) taken = variables_take_files(class, values);

                        g_assert_true(json_object_has_member(taken, "f"));
                        g_assert_false(json_object_has_member(values, "f"));
                        g_assert_true(json_object_has_member(values, "s"));
                }
        }
}

static void test_depends_on(void) {
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "url", "DependsOn=proxy"); /* before what it depends on */
        class_add(class, "proxy", "Type=boolean");
        class_add(class, "port", "Type=integer\nDependsOn=url\nDefault=8080");
        class_add(class, "check", "Type=boolean\nDependsOn=url\nDefault=yes");

        assert_request(class, "{}", "{\"url\":null,\"proxy\":false,\"port\":null,\"check\":null}", NULL);
        assert_request(class, "{\"url\":\"\",\"port\":null}",
                       "{\"url\":null,\"proxy\":false,\"port\":null,\"check\":null}", NULL);
        assert_request(class, "{\"proxy\":true,\"url\":\"u\"}",
                       "{\"url\":\"u\",\"proxy\":true,\"port\":8080,\"check\":true}", NULL);
        assert_request(class, "{\"proxy\":true}", NULL, "{\"url\":[\"This field is required.\"]}");
        assert_request(class, "{\"url\":\"u\",\"port\":1}", NULL,
                       "{\"url\":[\"Only taken when \\\"proxy\\\" has a value; leave it out.\"]}");
        assert_request(class, "{\"port\":1,\"check\":false}", NULL,
                       "{\"port\":[\"Only taken when \\\"url\\\" has a value; leave it out.\"],"
                       "\"check\":[\"Only taken when \\\"url\\\" has a value; leave it out.\"]}");

        /* Whether the others are asked for is not known: what was given is checked all the same. */
        assert_request(class, "{\"proxy\":\"x\",\"port\":\"y\"}", NULL,
                       "{\"proxy\":[\"Enter true or false.\"],\"port\":[\"Enter a whole number.\"]}");
}

static void test_depends_on_value(void) {
        g_autoptr(GPtrArray) class = class_new();

        class_add(class, "mode", "Type=choice\nChoices=full partial");
        class_add(class, "since", "Type=duration\nDependsOn=mode=partial");
        class_add(class, "features", "Type=multichoice\nChoices=tls ipv6 log\nRequired=no");
        class_add(class, "cert", "Type=path\nDependsOn=features=tls\nRequired=no");
        class_add(class, "level", "Type=integer\nDependsOn=features=log,tls\nRequired=no");
        class_add(class, "timeout", "Type=duration\nRequired=no");
        class_add(class, "note", "DependsOn=timeout=2min\nRequired=no");

        assert_request(class, "{\"mode\":\"full\"}",
                       "{\"mode\":\"full\",\"since\":null,\"features\":null,\"cert\":null,\"level\":null,"
                       "\"timeout\":null,\"note\":null}",
                       NULL);
        assert_request(class, "{\"mode\":\"partial\"}", NULL, "{\"since\":[\"This field is required.\"]}");
        assert_request(class,
                       "{\"mode\":\"partial\",\"since\":\"1h\",\"features\":[\"tls\",\"log\"],\"cert\":\"/c\","
                       "\"level\":1,\"timeout\":\"120s\",\"note\":\"n\"}",
                       "{\"mode\":\"partial\",\"since\":3600,\"features\":[\"tls\",\"log\"],\"cert\":\"/c\","
                       "\"level\":1,\"timeout\":120,\"note\":\"n\"}",
                       NULL);
        assert_request(class,
                       "{\"mode\":\"full\",\"since\":\"1h\",\"features\":[\"ipv6\",\"tls\"],\"cert\":\"/c\","
                       "\"level\":1,\"note\":\"n\"}",
                       NULL,
                       "{\"since\":[\"Only taken when \\\"mode\\\" is \\\"partial\\\"; leave it out.\"],"
                       "\"level\":[\"Only taken when \\\"features\\\" is \\\"log,tls\\\"; leave it out.\"],"
                       "\"note\":[\"Only taken when \\\"timeout\\\" is \\\"2min\\\"; leave it out.\"]}");
}

/* variables_check() refuses it; validating must come to an end all the same. */
static void test_depends_on_circle(void) {
        g_autoptr(GPtrArray) class = class_new();
        g_autoptr(JsonObject) values = NULL, errors = NULL;
        g_autofree char *text = NULL;

        class_add(class, "a", "DependsOn=b");
        class_add(class, "b", "DependsOn=a");
        g_assert_cmpint(variables_validate(class, NULL, &values, &errors), ==, 0);
        text = json_format_object(values);
        g_assert_cmpstr(text, ==, "{\"a\":null,\"b\":null}");
}

static void test_depends_on_chain(void) {
        g_autoptr(GPtrArray) class = class_new();
        g_autoptr(JsonObject) values = NULL, errors = NULL;

        class_add(class, "v255", "Type=string");
        for (unsigned i = 255; i > 0; i--) {
                g_autofree char *name = g_strdup_printf("v%u", i - 1), *lines = g_strdup_printf("DependsOn=v%u", i);

                class_add(class, name, lines);
        }
        g_assert_cmpint(variables_check(class, NULL, NULL), ==, 0);
        g_assert_cmpint(variables_validate(class, NULL, &values, &errors), ==, -EINVAL);
        g_assert_cmpuint(json_object_get_size(errors), ==, 1);
}

/* No message holds what a sensitive variable was given, whatever is wrong with it. */
static void test_sensitive(void) {
        static const char *const types[] = {
                "MinLength=20", "MaxLength=2", "Regex=x", "Type=text\nDependsOn=flag", "Type=json", "Type=integer",
                "Type=boolean", "Type=choice\nChoices=a", "Type=multichoice\nChoices=a", "Type=ipaddress",
                "Type=ipaddress-with-mask", "Type=ipnetwork", "Type=path", "Type=duration",
        };
        static const char *const inputs[] = {
                "\"hunter2\"",
                "[\"hunter2\"]",
                "{\"hunter2\":\"hunter2\"}",
                "\"{\\\"hunter2\\\":1\"",
                "\"hunter2/24\"",
        };

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                for (size_t k = 0; k < ELEMENTSOF(inputs); k++) {
                        g_autoptr(GPtrArray) class = class_new();
                        g_autofree char *lines = g_strdup_printf("%s\nSensitive=yes", types[i]);
                        g_autofree char *text = g_strdup_printf("{\"v\":%s}", inputs[k]), *errors_text = NULL;
                        g_autoptr(JsonObject) input = object_from_text(text), values = NULL, errors = NULL;

                        class_add(class, "flag", "Type=boolean");
                        class_add(class, "v", lines);
                        if (variables_validate(class, input, &values, &errors) >= 0)
                                continue;
                        errors_text = json_format_object(errors);
                        g_assert_null(strstr(errors_text, "hunter2"));
                }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/variable-values/string", test_string);
        g_test_add_func("/variable-values/text", test_text);
        g_test_add_func("/variable-values/json", test_json);
        g_test_add_func("/variable-values/integer", test_integer);
        g_test_add_func("/variable-values/boolean", test_boolean);
        g_test_add_func("/variable-values/dryrun", test_dryrun);
        g_test_add_func("/variable-values/choice", test_choice);
        g_test_add_func("/variable-values/address", test_address);
        g_test_add_func("/variable-values/path", test_path);
        g_test_add_func("/variable-values/duration", test_duration);
        g_test_add_func("/variable-values/long-values", test_long_values);
        g_test_add_func("/variable-values/not-utf8", test_not_utf8);
        g_test_add_func("/variable-values/path-lengths", test_path_lengths);
        g_test_add_func("/variable-values/hostile-regex", test_hostile_regex);
        g_test_add_func("/variable-values/json-depth", test_json_depth);
        g_test_add_func("/variable-values/json-size", test_json_size);
        g_test_add_func("/variable-values/many-wrong-choices", test_many_wrong_choices);
        g_test_add_func("/variable-values/every-problem", test_every_problem);
        g_test_add_func("/variable-values/files", test_files);
        g_test_add_func("/variable-values/depends-on", test_depends_on);
        g_test_add_func("/variable-values/depends-on-value", test_depends_on_value);
        g_test_add_func("/variable-values/depends-on-circle", test_depends_on_circle);
        g_test_add_func("/variable-values/depends-on-chain", test_depends_on_chain);
        g_test_add_func("/variable-values/sensitive", test_sensitive);

        return g_test_run();
}
