/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The MESSAGE_ID= of each event that administrators look for, with the journal fields that it carries. What each means
 * and what to do about it is in systemd/jobd.catalog, shown by "journalctl --catalog"; a test compares the two.
 *
 * JOB_CALLER is the user who did it, JOB_REASON a Reason of jobd(8), JOB_ACTION a polkit action, JOB_FIELD an
 * overridable field ("time_limit"). A field without a value is left out. What somebody's call has led to has the fields
 * JOB_CALLER_UID and JOB_CALLER_SESSION (of logind, when there is one) besides.
 */

/* JOB_RESULT_ID JOB_NAME JOB_CLASS_PATH JOB_REQUESTER */
#define JOBD_MESSAGE_RUN_REQUESTED_STR "4e77a34c934c4bc0894e0ec71cae9612"
#define JOBD_MESSAGE_RUN_STARTED_STR "d891f0b0fcd24c03873e34e31b36b900"
/* the same and JOB_REASON */
#define JOBD_MESSAGE_RUN_SUCCEEDED_STR "0b09611171c04b918c9eb5e4bbfa774f"
#define JOBD_MESSAGE_RUN_FAILED_STR "34d44591472b4561aac07c10a37bb99a"
#define JOBD_MESSAGE_RUN_REVOKED_STR "7494458ed9f94d6a9bad46b254e88818"
#define JOBD_MESSAGE_RUN_LOST_STR "121d83f2534e413d93b234569eab0bb1"
/* JOB_RESULT_ID JOB_REQUESTER */
#define JOBD_MESSAGE_CHAIN_REFUSED_STR "4ff44cd5df1b45b28b093901628fc64e"
/* JOB_RESULT_ID JOB_NAME JOB_CLASS_PATH JOB_REQUESTER JOB_CALLER */
#define JOBD_MESSAGE_CANCEL_REQUESTED_STR "32cfa2cbbca649eda7c666714dbbb25e"
#define JOBD_MESSAGE_JOB_RESULT_DELETED_STR "04264a80396e44e88a834d7eebb44d85"

/* JOB_NAME JOB_CLASS_PATH JOB_CALLER, for the overrides JOB_FIELD too */
#define JOBD_MESSAGE_JOB_ENABLED_STR "8cfb39dc4f7c451aaf208ff4bf176677"
#define JOBD_MESSAGE_JOB_DISABLED_STR "ac7ab7b68d4245e28a22297586bcfc08"
#define JOBD_MESSAGE_OVERRIDE_SET_STR "9128343c703a43fca39f3ed1d2053c88"
#define JOBD_MESSAGE_OVERRIDE_CLEARED_STR "89e9ea483ff24a7cbb23c4c512f8675c"
#define JOBD_MESSAGE_JOB_DELETED_STR "09666f792b874cc584e852f288a82295"

/* JOB_UNIT */
#define JOBD_MESSAGE_NOTIFY_FAILED_STR "ba48300ded384a4085134dfb8b2ad0ee"

/* JOB_CALLER JOB_ACTION */
#define JOBD_MESSAGE_ACCESS_DENIED_STR "59a068bf972f45e28d734d07c3c54376"

/* JOB_CALLER */
#define JOBD_MESSAGE_RESULTS_CLEANED_STR "36b4ed3ed2a5438fb5af9c6d59b94a0f"
#define JOBD_MESSAGE_REFRESH_DONE_STR "29876bfb71a64622b2c4b56d3c9e2c00"
/* JOB_CLASS_PATH */
#define JOBD_MESSAGE_CLASS_REFUSED_STR "9f0c426130904ef6b50ff5a14b7d9bf6"

/* none */
#define JOBD_MESSAGE_STORE_FAILED_STR "f5855aad587a475494aa2982057617a8"
