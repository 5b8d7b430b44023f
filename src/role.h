/*
 * Roles: parent or worker, decided from the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_ROLE_H
#define SPK_ROLE_H

/* A process whose first argument begins so is a worker; numbers of its kit follow. */
#define SPK_ROLE "--spork-worker="

/* How a worker that cannot work ends: started by hand; or not built from its parent's source. */
enum { SPK_EXIT_NO_PARENT = 2, SPK_EXIT_MISMATCH = 86 };

/* 1 after a successful spork_init() in a parent. */
int spk_role_is_parent(void);

/* 1 in a worker, forked or spawned. */
int spk_role_is_worker(void);
void spk_role_become_worker(void);

/* What stands behind SPK_ROLE, if this command line makes a worker; else NULL. Pure. */
const char *spk_role_parse(int argc, const char *const *argv);

/* The program's name as it was started: no directory, no ".exe", at most 64 bytes, fit for a file's name. */
#define SPK_ROLE_PROGRAM_MAX 65 /* its zero included */
const char *spk_role_program(void);
/* Make it that of an argv[0]. */
void spk_role_name(const char *argv0);

#endif
