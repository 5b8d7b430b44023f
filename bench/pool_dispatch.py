"""multiprocessing.Pool.map on an empty item: nanoseconds an item, at chunk 1 and at its own chunk.

Run by bench/dispatch: pool_dispatch.py WORKERS ITEMS_AT_CHUNK_1 ITEMS_AT_OWN_CHUNK

SPDX-License-Identifier: Apache-2.0
"""

import multiprocessing
import sys
import time


def item(x):
    return x


def measure(pool, count, chunk):
    items = list(range(count))
    start = time.perf_counter_ns()
    results = pool.map(item, items, chunk)
    took = time.perf_counter_ns() - start
    if results != items:
        sys.exit("pool_dispatch.py: wrong results")
    return took / count


def main():
    workers, items_one, items_own = map(int, sys.argv[1:])
    with multiprocessing.Pool(workers) as pool:
        pool.map(item, range(1000), 1)  # warm
        print(measure(pool, items_one, 1), measure(pool, items_own, None))


if __name__ == "__main__":
    main()
