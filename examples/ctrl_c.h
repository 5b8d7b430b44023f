/*
 * What a tool does on Ctrl-C: the first ends the running call of its pool, so that what is done can be
 * shown; a second ends the tool at once. SIGTERM likewise.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CTRL_C_H
#define CTRL_C_H

#include <spork.h>

/* From here on, for this pool. (Before, while there is no pool yet, Ctrl-C may simply end the program: the
 * workers of a pool in the making go with it.) */
void ctrl_c_watch(spork_pool_t *pool);

/* Has it come? Where nothing waits in the pool, this is what to look at. */
int ctrl_c_came(void);

/* Before the pool is destroyed: the signals are as they were at the program's start. */
void ctrl_c_forget(void);

/* End as the signal would have ended the program. Only that tells a shell to leave its loop as well; it shows
 * it as 128 + the signal's number, Windows as exit status 3. */
void ctrl_c_end(void);

#endif
