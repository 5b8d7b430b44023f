/*
 * Bells: an auto-reset event, both halves of which are one handle. The event remembers one ring, a
 * wait takes it, and no process has to live for it to work.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_common.h"

apr_status_t spk_os_bell_create(spk_os_bell_t *bell)
{
    static const spk_os_bell_t none = SPK_OS_BELL_NONE;
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);

    *bell = none;
    if (event == NULL) return spk_win32_error();
    bell->wait = bell->ring = spk_win32_word(event);
    return APR_SUCCESS;
}

void spk_os_bell_ring(const spk_os_bell_t *bell)
{
    if (!spk_win32_is_none(bell->ring)) (void)SetEvent(spk_win32_handle(bell->ring));
}

void spk_os_bell_destroy(spk_os_bell_t *bell)
{
    if (bell->ring.v != bell->wait.v) spk_win32_close(&bell->ring);
    spk_win32_close(&bell->wait);
    bell->ring = bell->wait;
}
