/*
 * libjpeg's errors: it reports them by a function that must not return, so by longjmp().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef JPEG_ERRORS_H
#define JPEG_ERRORS_H

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h> /* jpeglib.h needs both, and does not include them */

#include <jpeglib.h>

typedef struct {
    struct jpeg_error_mgr manager; /* first: libjpeg knows only this */
    jmp_buf out;                   /* for the caller's setjmp() */
    int (*is_error)(int message);  /* of a JWRN_ code: is the data damaged? */
    char *words;                   /* room for JMSG_LENGTH_MAX: what is wrong */
} jpeg_errors_t;

/* What a struct of libjpeg's has as `err`. */
struct jpeg_error_mgr *jpeg_errors(jpeg_errors_t *errors, int (*is_error)(int message), char *words);

#endif
