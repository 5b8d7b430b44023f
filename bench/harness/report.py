"""What bench/run writes: Markdown for people, JSON for programs.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import platform
import shutil
import subprocess
import time


# ---- the machine -----------------------------------------------------------------------------------------

def first_line(*command):
    if not shutil.which(command[0]):
        return None
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    return lines[0] if done.returncode == 0 and lines else None


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def compiler(build):
    try:
        with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
            cache = dict(line.strip().split("=", 1) for line in file if "=" in line and line[0] not in "#/")
    except OSError:
        return "unknown", "unknown"
    program = cache.get("CMAKE_C_COMPILER:FILEPATH") or cache.get("CMAKE_C_COMPILER:STRING") or "cc"
    return first_line(program, "--version") or program, cache.get("CMAKE_BUILD_TYPE:STRING", "unknown")


def loads():
    return list(os.getloadavg()) if hasattr(os, "getloadavg") else []


def words_of_load(loads_):
    return " ".join("%.2f" % load for load in loads_) or "unknown"


def machine(bench, here):
    name, build_type = compiler(bench.native)
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "commit": first_line("git", "-C", here, "describe", "--always", "--dirty") or "unknown",
        "system": platform.platform(), "processor": processor(), "processors": os.cpu_count(),
        "compiler": name, "build": build_type, "workers": bench.workers, "smoke": bench.smoke,
        "load_before": loads(),
        "peers": {
            "python": first_line(bench.python_program, "--version"), "ruby": first_line("ruby", "--version"),
            "perl": first_line("perl", "-e", "print $^V"), "R": first_line("Rscript", "--version"),
            "GNU parallel": first_line("parallel", "--version"), "mpirun": first_line("mpirun", "--version"),
        },
    }


# ---- numbers ---------------------------------------------------------------------------------------------

def number(value):
    if value is None:
        return "-"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1000:
        return "{:,.0f}".format(value)
    return "%.*f" % (1 if size >= 100 else 2 if size >= 1 else 3 if size >= 0.1 else 5, value)


def verdict(goal, about):
    if about["smoke"]:
        return "not judged"
    return {None: "not measured", True: "met", False: "**missed**"}[goal.met]


def limit_words(goal):
    return "%s %g%s" % ("≤" if goal.at_most is not None else "≥", goal.limit, goal.unit)


# ---- Markdown --------------------------------------------------------------------------------------------

def goal_rows(about, workloads):
    yield "| workload | goal | wanted | reached | |"
    yield "|---|---|---:|---:|---|"
    for workload in workloads:
        for goal in workload.goals:
            reached = "- (%s)" % goal.why_not if goal.reached is None else number(goal.reached) + goal.unit
            cells = [workload.name, goal.words, limit_words(goal), reached, verdict(goal, about)]
            yield "| %s |" % " | ".join(cells)


def workload_rows(workload):
    base = next((row.median for row in workload.rows if row.key == workload.baseline), None)
    name = next((row.title.replace("*", "") for row in workload.rows if row.key == workload.baseline), None)
    head, line = "| | items | %s | min - max |" % workload.unit, "|---|---:|---:|---:|"
    if name:
        head, line = head + " × %s |" % name, line + "---:|"
    yield head
    yield line
    for row in workload.rows:
        if row.median is None:
            why = "FAILED: %s" % row.failed if row.failed else "skipped: %s" % row.skipped
            yield "| %s | %d | - | %s |" % (row.title, row.items, why) + (" - |" if name else "")
            continue
        cells = [row.title, "%d" % row.items, number(row.median),
                 "%s - %s" % (number(min(row.values)), number(max(row.values)))]
        if name:
            cells.append(number(row.median / base) if base else "-")
        yield "| %s |" % " | ".join(cells)


def markdown(about, workloads, charts):
    yield "# spork beside its peers"
    yield ""
    yield "%s, %s processors, %s; %s, %s; %d workers; commit %s, %s%s" % (
        about["processor"], about["processors"], about["system"], about["compiler"], about["build"],
        about["workers"], about["commit"], about["date"],
        "; **--smoke: figures mean nothing**" if about["smoke"] else "")
    yield ""
    yield "Load averages: %s before, %s after; medians of interleaved rounds, pools warm unless a row says else." % (
        words_of_load(about["load_before"]), words_of_load(about["load_after"]))
    yield "Peers: %s." % "; ".join("%s: %s" % pair for pair in about["peers"].items() if pair[1])
    yield ""
    yield "## Goals"
    yield ""
    yield from goal_rows(about, workloads)
    for workload in workloads:
        yield ""
        yield "## %s" % workload.title
        yield ""
        if workload.name in charts:
            yield "![%s](%s)" % (workload.title, charts[workload.name])
            yield ""
        yield from workload_rows(workload)
        if workload.note:
            yield ""
            yield workload.note


# ---- JSON ------------------------------------------------------------------------------------------------

def row_data(row):
    data = {"key": row.key, "title": row.title.replace("*", ""), "items": row.items, "command": list(row.command),
            "request": row.request}
    if row.x is not None:
        data.update(x=row.x, series=row.series)
    if row.median is None:
        data.update(skipped=row.skipped, failed=row.failed)
    else:
        data.update(median=row.median, min=min(row.values), max=max(row.values), values=row.values,
                    answers=row.answers)
    return data


def goal_data(goal):
    return {"words": goal.words, "at_most": goal.at_most, "at_least": goal.at_least, "unit": goal.unit.strip(),
            "reached": goal.reached, "met": goal.met, "why_not": goal.why_not}


def as_json(about, workloads):
    return json.dumps({
        "about": about,
        "workloads": [{"name": w.name, "title": w.title, "unit": w.unit, "rows": [row_data(r) for r in w.rows],
                       "goals": [goal_data(g) for g in w.goals]} for w in workloads],
    }, indent=1, ensure_ascii=False)
