/*
 * libjpeg's errors, see jpeg_errors.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "jpeg_errors.h"

static void fail(j_common_ptr common)
{
    jpeg_errors_t *errors = (jpeg_errors_t *)common->err;
    common->err->format_message(common, errors->words);
    longjmp(errors->out, 1);
}

/* libjpeg makes the best of damaged data, with a warning. */
static void note_message(j_common_ptr common, int level)
{
    const jpeg_errors_t *errors = (const jpeg_errors_t *)common->err;
    if (level < 0 && errors->is_error(common->err->msg_code)) fail(common);
}

struct jpeg_error_mgr *jpeg_errors(jpeg_errors_t *errors, int (*is_error)(int message), char *words)
{
    struct jpeg_error_mgr *manager = jpeg_std_error(&errors->manager);
    manager->error_exit = fail;
    manager->emit_message = note_message;
    errors->is_error = is_error;
    errors->words = words;
    return manager;
}
