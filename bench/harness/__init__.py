"""bench/run: spork beside its peers, on the same work, in one run.

SPDX-License-Identifier: Apache-2.0
"""
