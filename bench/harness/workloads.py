"""The workloads of docs/performance.md: their rows, and the goals that stand in the project's plan.

Each builder takes the Bench (how peers are started, how large, how many workers) and gives a Workload.

SPDX-License-Identifier: Apache-2.0
"""

from .model import Goal, Workload

MIB = 1 << 20


def ratio(over, under):
    return lambda m: m[over] / m[under]


# ---- handing items out -----------------------------------------------------------------------------------

def dispatch(b):
    n = b.n(1000000, 20000)
    rows = [
        b.ways("serial", "serial call (no pool at all)", "serial", n),
        b.ways("cursor", "raw shared cursor, chunk 1", "cursor", n, chunk=1),
        b.threads("openmp", "OpenMP dynamic,1 (threads)", "openmp", n, chunk=1),
        b.ways("map", "**spork_map, chunk 1**", "map", n, chunk=1),
        b.ways("map_shared", "**spork_map over spork_alloc, chunk 1**", "map_shared", n, chunk=1),
        b.threads("threads", "APR thread pool (threads)", "threads", b.n(100000, 2000), flight=64),
        b.ways("pipe", "pipe, a message for each item", "pipe", b.n(50000, 1000), flight=1),
        b.ways("socketpair", "socketpair, a message for each item", "socketpair", b.n(50000, 1000), flight=1),
        b.ways("fork_each", "fork() for each item", "fork_each", b.n(2000, 50)),
        b.python("pool", "Python Pool.map, chunk 1", "pool_map", b.n(50000, 1000), chunk=1),
        b.python("imap", "Python Pool.imap_unordered", "pool_imap", b.n(50000, 1000), chunk=1),
        b.python("executor", "Python ProcessPoolExecutor, chunk 1", "executor_map", b.n(10000, 200), chunk=1),
        b.python("loky", "loky (joblib), chunk 1", "loky_map", b.n(5000, 200), chunk=1),
        b.mpi("mpi", "mpi4py.futures, chunk 1", "mpi_map", b.n(2000, 100), chunk=1),
        b.ruby("ruby", "Ruby parallel, in_processes", "map", b.n(50000, 1000)),
        b.perl("perl", "Perl Parallel::ForkManager", "map", b.n(300, 20)),
        b.r("r", "R mclapply, no prescheduling", "map", b.n(200, 20), chunk=1),
        b.command("parallel", "GNU parallel", "parallel", b.n(100, 10)),
        b.command("xargs", "xargs -P -n 1", "xargs", b.n(500, 20)),
    ]
    goals = [
        Goal("to the raw shared cursor", ["map", "cursor"], ratio("map", "cursor"), at_most=2, unit=" ×"),
        Goal("to OpenMP dynamic,1", ["map", "openmp"], ratio("map", "openmp"), at_most=3, unit=" ×"),
        Goal("faster than Pool.map at chunk 1", ["map", "pool"], ratio("pool", "map"), at_least=500, unit=" ×"),
    ]
    return Workload("dispatch", "Dispatch: 8 bytes in, 8 bytes out, items taken one at a time", "ns an item", rows,
                    goals, baseline="map")


def dispatch_own(b):
    n = b.n(1000000, 20000)
    rows = [
        b.ways("serial", "serial call (no pool at all)", "serial", n),
        b.ways("cursor", "raw shared cursor, chunk 1024", "cursor", n, chunk=1024),
        b.threads("openmp", "OpenMP dynamic,1024 (threads)", "openmp", n, chunk=1024),
        b.ways("copy", "C: copied through a shared arena, 1 MiB at a time", "copy", n),
        b.ways("map", "**spork_map, own chunk**", "map", n),
        b.ways("map_shared", "**spork_map over spork_alloc, own chunk**", "map_shared", n),
        b.python("pool", "Python Pool.map, own chunk", "pool_map", b.n(500000, 20000)),
        b.python("executor", "Python ProcessPoolExecutor, chunk 1000", "executor_map", b.n(200000, 20000),
                 chunk=1000),
        b.python("loky", "loky (joblib), chunk 1000", "loky_map", b.n(200000, 20000), chunk=1000),
        b.mpi("mpi", "mpi4py.futures, chunk 1000", "mpi_map", b.n(200000, 20000), chunk=1000),
        b.r("r", "R mclapply, prescheduled", "map", b.n(100000, 1000), chunk=0),
    ]
    goals = [
        Goal("spork_map", ["map"], lambda m: m["map"], at_most=3, unit=" ns an item"),
        Goal("faster than Pool.map's own chunk", ["map", "pool"], ratio("pool", "map"), at_least=30, unit=" ×"),
    ]
    return Workload("dispatch_own", "Dispatch: 8 bytes in, 8 bytes out, own chunk", "ns an item", rows, goals,
                    baseline="map")


def submit(b):
    rows = [
        b.ways("submit", "**spork_submit to outcome, 64 on their way**", "submit", b.n(200000, 5000), flight=64),
        b.ways("submit_1000", "**spork_submit to outcome, 1000 on their way**", "submit", b.n(200000, 5000),
               flight=1000),
        b.ways("stream", "**spork_stream, its own window**", "stream", b.n(500000, 5000), flight=0),
        b.threads("threads", "APR thread pool (threads), 64 on their way", "threads", b.n(100000, 2000), flight=64),
        b.threads("threads_all", "APR thread pool (threads), all at once", "threads", b.n(100000, 2000), flight=0),
        b.python("apply", "Python Pool.apply_async, 64 on their way", "pool_apply", b.n(20000, 500)),
        b.python("executor", "Python ProcessPoolExecutor.submit, 64 on their way", "executor_submit",
                 b.n(10000, 200)),
        b.python("loky", "loky submit, 64 on their way", "loky_submit", b.n(5000, 200)),
        b.mpi("mpi", "mpi4py.futures submit, 64 on their way", "mpi_submit", b.n(2000, 100)),
    ]
    goals = [
        Goal("spork_submit, 64 on their way", ["submit"], lambda m: m["submit"], at_most=150, unit=" ns an item"),
        Goal("faster than APR's thread pool, whichever of its rows is faster", ["submit", "threads", "threads_all"],
             lambda m: min(m["threads"], m["threads_all"]) / m["submit"], at_least=4, unit=" ×"),
    ]
    return Workload("submit", "Submit to outcome, pipelined, 8 bytes each way", "ns an item", rows, goals,
                    baseline="submit")


def latency(b):
    n, few, pause = b.n(5000, 200), b.n(300, 20), 2000
    rows = [
        b.ways("spin", "two processes that spin on a word", "ping_spin", n),
        b.ways("futex", "futex ping-pong, back to back", "ping_futex", n),
        b.ways("pipe", "pipe ping-pong, back to back", "ping_pipe", n),
        b.ways("awake", "**spork, back to back: workers still awake**", "trips", n),
        b.ways("awake_1", "**the same, a pool of one worker**", "trips", n, workers=1),
        b.ways("futex_asleep", "futex ping-pong, asleep for 2 ms before each", "ping_futex", few, pause=pause),
        b.ways("pipe_asleep", "pipe ping-pong, asleep for 2 ms before each", "ping_pipe", few, pause=pause),
        b.ways("asleep", "**spork, asleep for 2 ms before each**", "trips", few, pause=pause),
        b.python("pool", "Python Pool.apply, back to back", "pool_trips", b.n(2000, 50)),
        b.python("executor", "Python ProcessPoolExecutor, back to back", "executor_trips", b.n(2000, 50)),
    ]
    goals = [
        Goal("while a worker is awake", ["awake"], lambda m: m["awake"], at_most=1, unit=" µs"),
        Goal("to a futex ping-pong, all asleep", ["asleep", "futex_asleep"], ratio("asleep", "futex_asleep"),
             at_most=1.2, unit=" ×"),
    ]
    return Workload("latency", "Submit to outcome, one at a time (median trip)", "µs an item", rows, goals,
                    baseline="awake")


# ---- work ------------------------------------------------------------------------------------------------

def heavy_sum(b):
    n, cost = 8, b.n(10000000, 200000)
    spin = {"kind": "spin", "cost": cost}
    rows = [
        b.ways("serial", "one process", "serial", n, **spin),
        b.threads("openmp", "OpenMP dynamic,1, threads there already", "openmp", n, chunk=1, **spin),
        b.threads("openmp_cold", "OpenMP dynamic,1, their start included", "openmp_cold", n, chunk=1, **spin),
        b.ways("cursor_cold", "fork() and a shared cursor, start and end included", "cursor_cold", n, chunk=1, **spin),
        b.ways("warm", "**spork_map, workers there already**", "map", n, chunk=1, **spin),
        b.ways("cold", "**spork_map, start and end included**", "map_cold", n, chunk=1, **spin),
        b.ways("cold_spawn", "**the same, spawn**", "map_cold", n, chunk=1, start="spawn", **spin),
        b.python("pool", "Python Pool.map, start and end included", "pool_cold", n, chunk=1, **spin),
    ]
    goals = [
        Goal("parallel efficiency, start and end included", ["serial", "cold"],
             lambda m: m["serial"] / m["cold"] / b.workers, at_least=0.97),
        Goal("to OpenMP, start included in both", ["cold", "openmp_cold"], ratio("openmp_cold", "cold"), at_least=1,
             unit=" × its speed"),
        Goal("to OpenMP, started before in both", ["warm", "openmp"], ratio("openmp", "warm"), at_least=1,
             unit=" × its speed"),
    ]
    return Workload("heavy_sum", "heavy_sum: 8 items of %d turns" % cost, "ms", rows, goals, baseline="cold")


def uneven(b):
    n = b.n(1000000, 5000)
    spin = {"kind": "spin", "cost": 100, "profile": "uneven"}
    rows = [
        b.ways("serial", "one process", "serial", n, **spin),
        b.ways("cursor", "raw shared cursor, chunk 1", "cursor", n, chunk=1, **spin),
        b.ways("cursor_64", "raw shared cursor, chunk 64", "cursor", n, chunk=64, **spin),
        b.threads("openmp", "OpenMP dynamic,1", "openmp", n, chunk=1, **spin),
        b.threads("openmp_64", "OpenMP dynamic,64", "openmp", n, chunk=64, **spin),
        b.threads("guided", "OpenMP guided", "openmp", n, chunk=0, **spin),
        b.ways("map", "**spork_map, own chunk**", "map", n, **spin),
        b.ways("map_shared", "**spork_map over spork_alloc, own chunk**", "map_shared", n, **spin),
    ]
    goals = [Goal("parallel efficiency of spork_map", ["serial", "map"],
                  lambda m: m["serial"] / m["map"] / b.workers, at_least=0.97)]
    return Workload("uneven", "%d items of uneven cost (1 in 1000 is 1000 × heavier)" % n, "ms", rows, goals,
                    baseline="serial")


# ---- payload ---------------------------------------------------------------------------------------------

def payload(b, name, items, size, python_items):
    blob = {"kind": "blob", "size": size}
    title = "Payload: %d × %d MiB in and out" % (items, size // MIB) if size >= MIB else \
        "Payload: %d × %d KiB in and out" % (items, size // 1024)
    rows = [
        b.threads("openmp", "OpenMP dynamic,1 (threads)", "openmp", items, chunk=1, **blob),
        b.ways("cursor", "raw shared cursor, in place", "cursor", items, chunk=1, **blob),
        b.ways("copy", "C: copied through a shared arena", "copy", items, chunk=1, **blob),
        b.ways("pipe", "C: through pipes", "pipe", items, **blob),
        b.ways("map_shared", "**spork_map over spork_alloc arrays**", "map_shared", items, **blob),
        b.ways("map", "**spork_map, ordinary memory**", "map", items, **blob),
        b.python("pool_shared", "Python Pool, shared_memory", "pool_shared", python_items, chunk=1, **blob),
        b.python("pool", "Python Pool.map", "pool_map", python_items, chunk=1, **blob),
    ]
    for row in rows:
        row.size = 2 * size
    goals = [
        Goal("spork_alloc arrays, of the OpenMP loop", ["map_shared", "openmp"], ratio("map_shared", "openmp"),
             at_least=0.95, unit=" × its speed"),
        Goal("ordinary memory, of the C loop that copies", ["map", "copy"], ratio("map", "copy"), at_least=0.8,
             unit=" × its speed"),
    ]
    return Workload(name, title, "GB/s", rows, goals, baseline="map_shared", fresh=True, repeat=2, rounds=3,
                    memory=5 * items * size // MIB + 256)


def payload_1m(b):
    size = b.n(MIB, 65536)
    return payload(b, "payload_1m", b.n(1000, 50), size, b.n(200, 20))


def payload_64m(b):
    return payload(b, "payload_64m", 8, b.n(64 * MIB, MIB), 8)


def reply(b):
    n, few, size = b.n(100000, 500), b.n(10000, 200), 65536
    kind = {"kind": "reply", "size": size}
    rows = [
        b.ways("submit", "**spork_submit, 64 on their way**", "submit", n, flight=64, **kind),
        b.ways("stream", "**spork_stream, its own window**", "stream", n, flight=0, **kind),
        b.ways("pipe", "C: pipes, 4 on their way for each", "pipe", n, flight=4, **kind),
        b.ways("socketpair", "C: socketpairs, 4 on their way for each", "socketpair", n, flight=4, **kind),
        b.python("imap", "Python Pool.imap", "pool_imap", few, chunk=1, **kind),
    ]
    for row in rows:
        row.size = size
    goals = [Goal("spork_stream to pipes", ["stream", "pipe"], ratio("stream", "pipe"), at_least=5,
                  unit=" × their speed")]
    return Workload("reply", "Replies of 64 KiB, %d items" % n, "GB/s", rows, goals, baseline="stream", memory=1024)


# ---- starting --------------------------------------------------------------------------------------------

def start(b):
    rows = [
        b.ways("fork_start", "bare fork() and pipes", "fork_start", 1),
        b.ways("spawn_start", "bare posix_spawn() of self, and pipes", "spawn_start", 1),
        b.threads("threads_start", "APR thread pool (threads)", "threads_start", 1),
        b.ways("fork", "**spork, fork**", "start", 1, start="fork"),
        b.ways("spawn", "**spork, spawn**", "start", 1, start="spawn"),
        b.python("pool_fork", "Python Pool, fork", "pool_start", 1),
        b.python("pool_forkserver", "Python Pool, forkserver", "pool_start", 1, start="forkserver"),
        b.python("pool_spawn", "Python Pool, spawn", "pool_start", 1, start="spawn"),
        b.python("executor", "Python ProcessPoolExecutor, fork", "executor_start", 1),
        b.python("loky", "loky (joblib)", "loky_start", 1),
        b.ruby("ruby", "Ruby parallel", "start", 1),
        b.command("xargs", "xargs -P, two commands", "xargs", 2),
        b.command("parallel", "GNU parallel, two commands", "parallel", 2),
    ]
    goals = [
        Goal("fork, to bare fork", ["fork", "fork_start"], ratio("fork", "fork_start"), at_most=1.3, unit=" ×"),
        Goal("spawn, to bare posix_spawn of self", ["spawn", "spawn_start"], ratio("spawn", "spawn_start"),
             at_most=1.3, unit=" ×"),
    ]
    return Workload("start", "Start %d workers, first answer of each, end" % b.workers, "ms", rows, goals,
                    baseline="fork", rounds=11)


def start_big(b):
    heap = b.n(1024, 64)
    rows = [
        b.ways("fork_start", "bare fork()", "fork_start", 1, heap=heap),
        b.ways("spawn_start", "bare posix_spawn() of self", "spawn_start", 1, heap=heap),
        b.ways("fork", "**spork, fork**", "start", 1, start="fork", heap=heap),
        b.ways("spawn", "**spork, spawn**", "start", 1, start="spawn", heap=heap),
        b.ways("spawn_small", "**spork, spawn, without the heap**", "start", 1, start="spawn"),
    ]
    goals = [
        Goal("spawn is unaffected: with the heap to without", ["spawn", "spawn_small"], ratio("spawn", "spawn_small"),
             at_most=1.1, unit=" ×"),
        Goal("fork pays what bare fork pays", ["fork", "fork_start"], ratio("fork", "fork_start"), at_most=1.3,
             unit=" ×"),
    ]
    return Workload("start_big", "The same, parent with %d MiB of touched heap" % heap, "ms", rows, goals,
                    baseline="spawn_small", rounds=11, memory=5 * heap + 256)


# ---- memory and waiting ----------------------------------------------------------------------------------

def memory(b):
    rows = []
    for workers in (2, 8, 64):
        rows.append(b.ways("pool_%d" % workers, "**pool of %d workers: parent and arena**, KiB a worker" % workers,
                           "memory_pool", 1, field="kib", workers=workers))
        rows.append(b.ways("worker_%d" % workers, "the same pool: private to each worker, KiB", "memory_pool", 1,
                           field="worker_kib", workers=workers))
    goals = [Goal("parent and arena, a worker (worst of three sizes)", ["pool_2", "pool_8", "pool_64"],
                  lambda m: max(m["pool_2"], m["pool_8"], m["pool_64"]), at_most=300, unit=" KiB")]
    return Workload("memory", "Memory of a pool", "as the row says", rows, goals, fresh=True, warm=False, rounds=3)


def memory_map(b):
    n = b.n(100000000, 100000)
    arena = 64
    rows = [
        b.ways("shared", "**over spork_alloc arrays**: beside them, % of them", "memory_shared", n, field="part",
               scale=100),
        b.ways("ordinary", "**over ordinary memory**: beside it, MiB", "memory_map", n, field="kib",
               scale=1 / 1024, arena=arena),
    ]
    goals = [
        Goal("over spork_alloc arrays, more than the arrays", ["shared"], lambda m: m["shared"], at_most=1,
             unit=" %"),
        Goal("over ordinary memory, more than it (the arena has %d MiB)" % arena, ["ordinary"],
             lambda m: m["ordinary"], at_most=arena, unit=" MiB"),
    ]
    return Workload("memory_map", "Memory of a map of {:,} items, 8 bytes each way".format(n), "as the row says", rows,
                    goals, fresh=True, warm=False, rounds=b.n(3, 1), memory=3 * n * 8 // MIB + 256)


def waiting(b):
    ms = b.n(1000, 100)
    rows = [b.ways("spork", "**spork_map, the parent**, % of a processor", "waiting", 1, field="percent",
                   pause=ms * 1000)]
    goals = [Goal("of a processor", ["spork"], lambda m: m["spork"], at_most=1, unit=" %")]
    return Workload("waiting", "A parent that waits %d ms for its workers" % ms, "as the row says", rows, goals)


def portable(b):
    n = b.n(1000000, 20000)
    rows = [
        b.ways("native", "**this system's own build**, spork_map, own chunk", "map", n),
        b.portable("portable", "**the portable twins**, spork_map, own chunk", "map", n),
        b.ways("native_shared", "this system's own build, over spork_alloc", "map_shared", n),
        b.portable("portable_shared", "the portable twins, over spork_alloc", "map_shared", n),
        b.ways("native_one", "this system's own build, one item at a time", "trips", b.n(300, 20), pause=2000),
        b.portable("portable_one", "the portable twins, one item at a time", "trips", b.n(300, 20), pause=2000),
    ]
    goals = [Goal("portable to native, own chunk", ["portable", "native"], ratio("portable", "native"), at_most=1.5,
                  unit=" ×")]
    return Workload("portable", "The portable path", "ns an item", rows, goals, baseline="native")
