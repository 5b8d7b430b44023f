"""Workloads that are curves: chunks against chunk 0, and cost against workers, items and payload.

SPDX-License-Identifier: Apache-2.0
"""

from .model import Goal, Workload

PROFILES = ("constant", "uneven", "up", "down", "giant")


# ---- chunks ----------------------------------------------------------------------------------------------

def sweep(b, name, title, way, items, cost):
    rows, goals = [], []
    most = max(1, items // b.workers)
    fixed = []
    while not fixed or fixed[-1] * 2 <= most:
        fixed.append(fixed[-1] * 2 if fixed else 1)
    for profile in PROFILES:
        for chunk in [0] + fixed:
            words = "%s, %s" % (profile, "**own chunk**" if chunk == 0 else "chunk %d" % chunk)
            row = b.ways("%s_%d" % (profile, chunk), words, way, items, kind="spin", cost=cost, profile=profile)
            row.request, row.x, row.series = "chunk=%d" % chunk, chunk, profile
            rows.append(row)
        goals.append(best_fixed(profile, fixed))
    return Workload(name, title, "ms", rows, goals)


def best_fixed(profile, fixed):
    keys = ["%s_%d" % (profile, chunk) for chunk in fixed]
    own = "%s_0" % profile
    return Goal("%s: own chunk to the best fixed one" % profile, keys + [own],
                lambda m: m[own] / min(m[key] for key in keys), at_most=1.05, unit=" ×")


def chunks(b):
    return sweep(b, "chunks", "Chunks, many small items: spork_map over spork_alloc", "map_shared", b.n(1000000, 4000),
                 100)


def chunks_coarse(b):
    return sweep(b, "chunks_coarse", "Chunks, few large items: spork_map over ordinary memory", "map", b.n(1000, 64),
                 b.n(100000, 1000))


# ---- scaling ---------------------------------------------------------------------------------------------

def worst_step(m, keys):
    """The largest factor between a point and the one before it."""
    return max(m[after] / m[before] for before, after in zip(keys, keys[1:]))


def raw_chunk(b, items):
    """The bare loop has no choice of its own: 64, or an eighth of a worker's share."""
    return max(1, min(64, items // (8 * b.workers)))


def beside_raw(b, rows, tag, x, items, **options):
    for series, way, chunk in (("spork", "map_shared", 0), ("raw shared cursor", "cursor", raw_chunk(b, items))):
        title = "%s %s: %s" % (tag, x, "**spork_map over spork_alloc**" if series == "spork" else series)
        key = "%s_%s" % ("spork" if series == "spork" else "raw", x)
        row = b.ways(key, title, way, items, chunk=chunk, **options)
        row.x, row.series = x, series
        rows.append(row)


def worst_to_raw(points):
    keys = [("spork_%s" % x, "raw_%s" % x) for x in points]
    return [key for pair in keys for key in pair], lambda m: max(m[ours] / m[raw] for ours, raw in keys)


def scaling_workers(b):
    points, items, rows = [1, 2, 4, 8, 16, 32, 64], b.n(1000000, 10000), []
    for workers in points:
        beside_raw(b, rows, "workers", workers, items, workers=workers)
    needs, value = worst_to_raw(points)
    ours = ["spork_%d" % x for x in points]
    goals = [
        Goal("at its worst, to the raw loop with as many workers", needs, value, at_most=3, unit=" ×"),
        Goal("largest step from one number of workers to twice it", ours, lambda m: worst_step(m, ours), at_most=2.5,
             unit=" ×"),
    ]
    return Workload("scaling_workers", "Scaling: workers, %d items of 8 bytes, own chunk" % items, "ns an item", rows,
                    goals, memory=1024)


def scaling_items(b):
    points = [10 ** k for k in range(1, b.n(8, 5))]
    rows = []
    for items in points:
        beside_raw(b, rows, "items", items, items)
    needs, value = worst_to_raw(points)
    ours = ["spork_%d" % x for x in points]
    goals = [
        Goal("at its worst, to the raw loop over as many items", needs, value, at_most=3, unit=" ×"),
        Goal("ten times as many items: an item's cost grows at most by", ours, lambda m: worst_step(m, ours),
             at_most=1.25, unit=" ×"),
    ]
    return Workload("scaling_items", "Scaling: items of 8 bytes, own chunk", "ns an item", rows, goals,
                    memory=1024)


def scaling_payload(b):
    points, rows = [0, 8, 64, 512, 4096, 32768, 262144, 2097152] + b.n([16777216, 67108864], []), []
    budget = b.n(512 << 20, 4 << 20)
    for size in points:
        items = max(b.workers * 4, min(b.n(1000000, 10000), budget // 2 // max(size, 1)))
        beside_raw(b, rows, "bytes", size, items, kind="blob", size=size)
    needs, value = worst_to_raw(points)
    goals = [Goal("at its worst, to the raw loop with as many bytes", needs, value, at_most=3, unit=" ×")]
    return Workload("scaling_payload", "Scaling: bytes in and out of an item, own chunk", "ns an item", rows, goals,
                    fresh=True, repeat=3, rounds=2, memory=1024)


