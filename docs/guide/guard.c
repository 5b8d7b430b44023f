/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

int main(void)
{
    spork_pool_t *pool;
    apr_status_t status = spork_pool_create(&pool, NULL, NULL);
    if (status == SPORK_EGUARD) puts(spork_error());
    return 0;
}
