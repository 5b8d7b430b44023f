/*
 * For cmake/msvc-dialect.sh: in the place of winpthreads' header of this name. MSVC has no such thing, and it defines a pid_t that is not
 * APR's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
