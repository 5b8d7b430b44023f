"""Python's process pools: multiprocessing.Pool, ProcessPoolExecutor, loky, mpi4py.futures.

Usage: python_peer.py WAY [NAME=VALUE...]

Pools are warm, but for the ways that end in _start and _cold.

SPDX-License-Identifier: Apache-2.0
"""

import concurrent.futures
import multiprocessing
import sys
import time
from multiprocessing import shared_memory

from peer import Job, cannot, clock, serve


def ends(iterable):
    """Looks at both ends of each reply and counts them, as ways.c does, so that none need be kept."""
    return sum(data[0] == data[-1] == 0 for data in iterable)


# ---- multiprocessing.Pool --------------------------------------------------------------------------------

def make_pool(job):
    return multiprocessing.get_context(job.start).Pool(job.workers)


def with_pool(job, run):
    with make_pool(job) as pool:
        pool.map(job.item(), job.inputs()[: 2 * job.workers], 1)
        serve(job, lambda job, inputs: run(pool, job, inputs))


def pool_map(pool, job, inputs):
    start = clock()
    outputs = pool.map(job.item(), inputs, job.chunk or None)
    return clock() - start, outputs


def pool_imap(pool, job, inputs):
    item, chunk = job.item(), job.chunk or 1
    start = clock()
    if job.kind == "reply":
        outputs = ends(pool.imap(item, inputs, chunk))
    else:
        outputs = list(pool.imap_unordered(item, inputs, chunk))
    took = clock() - start
    return took, outputs if job.kind == "reply" else sorted(outputs)


def pool_apply(pool, job, inputs):
    """`flight` on their way at once; 1: one at a time."""
    item = job.item()
    start = clock()
    outputs = in_flight(lambda x: pool.apply_async(item, (x,)), lambda result: result.get(), job, inputs)
    return clock() - start, outputs


def in_flight(send, receive, job, inputs):
    flight = job.flight or len(inputs)
    pending, outputs = [], []
    for i, data in enumerate(inputs):
        if i >= flight:
            outputs.append(receive(pending[i - flight]))
            pending[i - flight] = None
        pending.append(send(data))
    outputs.extend(receive(one) for one in pending[len(outputs):])
    return outputs


def trips(send, receive, job, inputs):
    """The median of single round trips, times their number."""
    each, outputs = [], []
    for data in inputs:
        if job.pause:
            time.sleep(job.pause / 1e6)
        start = clock()
        outputs.append(receive(send(data)))
        each.append(clock() - start)
    return sorted(each)[len(each) // 2] * len(each), outputs


def pool_trips(pool, job, inputs):
    item = job.item()
    return trips(lambda x: pool.apply_async(item, (x,)), lambda result: result.get(), job, inputs)


def pool_cold(job):
    """The pool's start and end belong to it."""
    def run(job, inputs):
        start = clock()
        with make_pool(job) as pool:
            outputs = pool.map(job.item(), inputs, job.chunk or None)
            pool.close()
            pool.join()
        return clock() - start, outputs
    serve(job, run)


# ---- multiprocessing.Pool and shared memory ----------------------------------------------------------------

_segments = {}


def segment(name):
    if name not in _segments:
        _segments[name] = shared_memory.SharedMemory(name)
    return _segments[name]


def copy_slice(task):
    name_in, name_out, begin, size = task
    segment(name_out).buf[begin:begin + size] = segment(name_in).buf[begin:begin + size]


def pool_shared(job):
    """Inputs and outputs lie in shared memory; the messages only say where."""
    total = job.items * job.size
    first, second = (shared_memory.SharedMemory(create=True, size=total) for _ in range(2))
    try:
        for begin in range(0, total, 1 << 20):
            first.buf[begin:begin + (1 << 20)] = bytes([begin >> 20 & 255]) * min(1 << 20, total - begin)
        with make_pool(job) as pool:
            tasks = [(first.name, second.name, i * job.size, job.size) for i in range(job.items)]
            print("ready", flush=True)
            for _ in sys.stdin:
                for begin in range(0, total, 1 << 20):
                    second.buf[begin] = 255 - first.buf[begin]
                start = clock()
                pool.map(copy_slice, tasks, job.chunk or None)
                took = clock() - start
                if any(first.buf[b] != second.buf[b] for b in range(0, total, 1 << 20)):
                    sys.exit("wrong answers")
                print("ns=%d" % took, flush=True)
    finally:
        for memory in (first, second):
            memory.close()
            memory.unlink()


# ---- executors ---------------------------------------------------------------------------------------------

def make_executor(job):
    return concurrent.futures.ProcessPoolExecutor(
        job.workers, mp_context=multiprocessing.get_context(job.start))


def make_loky(job):
    try:
        from joblib.externals import loky
    except ImportError:
        cannot("no joblib")
    return loky.ProcessPoolExecutor(job.workers)


def with_executor(make, job, run):
    with make(job) as executor:
        list(executor.map(job.item(), job.inputs()[: 2 * job.workers]))
        serve(job, lambda job, inputs: run(executor, job, inputs))


def executor_map(executor, job, inputs):
    start = clock()
    outputs = list(executor.map(job.item(), inputs, chunksize=job.chunk or 1))
    return clock() - start, outputs


def executor_submit(executor, job, inputs):
    item = job.item()
    start = clock()
    outputs = in_flight(lambda x: executor.submit(item, x), lambda future: future.result(), job, inputs)
    return clock() - start, outputs


def executor_trips(executor, job, inputs):
    item = job.item()
    return trips(lambda x: executor.submit(item, x), lambda future: future.result(), job, inputs)


def with_mpi(job, run):
    """Under mpirun -n WORKERS+1 python3 -m mpi4py.futures."""
    from mpi4py.futures import MPIPoolExecutor

    with MPIPoolExecutor() as executor:
        executor.bootup(wait=True)
        list(executor.map(job.item(), job.inputs()[: 2 * job.workers]))
        serve(job, lambda job, inputs: run(executor, job, inputs))


# ---- start, first answer of each worker, end -----------------------------------------------------------------

def meet(_):
    time.sleep(0.001)  # so that the other worker takes the other item
    return multiprocessing.current_process().pid


def start(make, job):
    """Pools give no promise who takes which item; an item that takes a moment is what can be done."""
    job.items = job.workers

    def run(job, inputs):
        begin = clock()
        with make(job) as pool:
            if hasattr(pool, "apply_async"):
                pool.map(meet, inputs, 1)
                pool.close()
                pool.join()
            else:
                list(pool.map(meet, inputs))
        return clock() - begin, inputs
    serve(job, run)


def main():
    way, job = sys.argv[1], Job(sys.argv[2:])
    ways = {
        "pool_map": lambda: with_pool(job, pool_map),
        "pool_imap": lambda: with_pool(job, pool_imap),
        "pool_apply": lambda: with_pool(job, pool_apply),
        "pool_trips": lambda: with_pool(job, pool_trips),
        "pool_cold": lambda: pool_cold(job),
        "pool_shared": lambda: pool_shared(job),
        "pool_start": lambda: start(make_pool, job),
        "executor_map": lambda: with_executor(make_executor, job, executor_map),
        "executor_submit": lambda: with_executor(make_executor, job, executor_submit),
        "executor_trips": lambda: with_executor(make_executor, job, executor_trips),
        "executor_start": lambda: start(make_executor, job),
        "loky_map": lambda: with_executor(make_loky, job, executor_map),
        "loky_submit": lambda: with_executor(make_loky, job, executor_submit),
        "loky_start": lambda: start(make_loky, job),
        "mpi_map": lambda: with_mpi(job, executor_map),
        "mpi_submit": lambda: with_mpi(job, executor_submit),
    }
    if way not in ways:
        sys.exit("there is no way %s" % way)
    ways[way]()


if __name__ == "__main__":
    main()
