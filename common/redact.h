/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Text without the credentials that can be told by their form; "(redacted)" stands in place of each:
 * - in a URL, what stands before the "@": "scheme://user:password@", "scheme://token@". A password with "/", "?" or
 *   "#" in it, which a URL may not have, is recognised all the same: rather too much is taken away than too little.
 * - the word after "username", "password", "passwd", "pwd", "secret" and "secrets", in any case, also as the end of a
 *   longer word (DB_PASSWORD). Between the two may stand a quote, blanks, ":", "=" or "is", with blanks around it. A
 *   word in quotes ends with its quote. Text such as "the password prompt" loses a word, too.
 *
 * As the reference has it, with its examples as tests, but: it also takes away every "user@host", which on a host are
 * mostly names of units and addresses; and here "=" and quoted words are known, and a path such as /etc/passwd is none
 * of the words, nor is the end of a job's name as jobd writes it: job 'vault.RotateSecret'. Like any such list this is a net below those who log what they should not, not a promise.
 *
 * Linear in the length of the text, which need not be UTF-8; redacting twice changes nothing. Free with g_free().
 */
char *redact(const char *text);
