/*
 * pexec: a command for each of many arguments, several at a time; a small portable GNU parallel.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ctrl_c.h"
#include "pexec.h"

#include <apr_general.h>
#include <stdio.h>

static const spork_entry_t tasks[] = { SPORK_ENTRY(run_command), SPORK_END };

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    options_t options;
    apr_pool_t *mem;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS || /* a worker never returns from it */
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS)
        return say("cannot start: %s", spork_error());
    options_init(&options, mem);
    int code = options_parse(&options, argc, args, mem);
    if (code == GO_ON) code = run(&options, mem);
    apr_pool_destroy(mem);
    if (ctrl_c_came()) ctrl_c_end();
    return code;
}
