"""Charts, by gnuplot, as SVG: bars for workloads that compare peers, lines for those that are curves.

SPDX-License-Identifier: Apache-2.0
"""

import os
import shutil
import subprocess
import tempfile

HEAD = """set terminal svg size %d,%d font "sans-serif,12" background rgb "white"
set output "%s"
set title "%s"
set border 3
set tics nomirror
set grid %s lc rgb "#dddddd"
set format "%%h"
"""
OURS, THEIRS = "#c0392b", "#7f8c8d"


def have_gnuplot():
    return shutil.which("gnuplot") is not None


def plot(script):
    """1 if gnuplot liked it."""
    done = subprocess.run(["gnuplot"], input=script.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError("gnuplot: %s" % done.stdout.decode(errors="replace").strip())


def quoted(text):
    return text.replace("*", "").replace("\\", "").replace('"', "'").replace("_", "\\\\_")


def bars(workload, path):
    """One bar a row, from a logarithmic axis, the fastest on top."""
    rows = [row for row in workload.rows if row.median is not None and row.median > 0]
    rows.sort(key=lambda row: row.median, reverse=not workload.more_is_better)
    low = min(row.median for row in rows) / 3
    script = HEAD % (900, 60 + 26 * len(rows), path, quoted(workload.title), "x")
    script += 'set logscale x\nset xrange [%g:%g]\nset yrange [-0.6:%d]\nunset key\nset xlabel "%s"\n' % (
        low, max(row.median for row in rows) * 4, len(rows), workload.unit + " (logarithmic)")
    script += "set ytics (%s)\n" % ", ".join('"%s" %d' % (quoted(row.title), i) for i, row in enumerate(rows))
    for i, row in enumerate(rows):
        script += 'set object %d rectangle from %g,%g to %g,%g fc rgb "%s" fs solid noborder\n' % (
            i + 1, low, i - 0.35, row.median, i + 0.35, OURS if "**" in row.title else THEIRS)
        script += 'set label %d "%s" at %g,%d offset 0.5,0\n' % (
            i + 1, label(row.median), row.median, i)
    script += "plot NaN notitle\n"
    plot(script)


def label(value):
    return "{:,.0f}".format(value) if value >= 100 else "%.3g" % value


def curves(workload, path, x_label, y_label, points):
    """points: {series: [(x, y)]}; both axes logarithmic."""
    with tempfile.TemporaryDirectory() as folder:
        script = HEAD % (900, 480, path, quoted(workload.title), "x y")
        script += 'set logscale xy\nset xlabel "%s"\nset ylabel "%s"\nset key outside right\n' % (x_label, y_label)
        parts = []
        for i, (series, values) in enumerate(points.items()):
            file = os.path.join(folder, "%d" % i)
            with open(file, "w", encoding="utf-8") as out:
                out.writelines("%g %g\n" % point for point in values)
            parts.append('"%s" with linespoints pt 7 ps 0.5 lw 2 title "%s"' % (file, quoted(series)))
        plot(script + "plot " + ", ".join(parts) + "\n")


def series_of(workload, shift=0):
    points = {}
    for row in workload.rows:
        if row.median is not None:
            points.setdefault(row.series, []).append((row.x + shift, row.median))
    return points


def chunk_ratios(workload):
    """Each fixed chunk's time to that of the own chunk: where the line is above 1, own is better."""
    points = {}
    for row in workload.rows:
        own = next(r.median for r in workload.rows if r.series == row.series and r.x == 0)
        if row.median is not None and own and row.x > 0:
            points.setdefault(row.series, []).append((row.x, row.median / own))
    return points


X_LABELS = {"scaling_workers": "workers", "scaling_items": "items", "scaling_payload": "bytes in and out"}


def draw(workload, folder):
    """The file's name, or None if there is nothing to draw."""
    name = "%s.svg" % workload.name
    path = os.path.join(folder, name)
    if not any(row.median for row in workload.rows):
        return None
    if workload.name.startswith("chunks"):
        curves(workload, path, "chunk", "time, own chunk = 1", chunk_ratios(workload))
    elif workload.name in X_LABELS:
        # a logarithmic axis has no 0: it stands at 1
        points = {s: [(max(x, 1), y) for x, y in p] for s, p in series_of(workload).items()}
        curves(workload, path, X_LABELS[workload.name], workload.unit, points)
    elif workload.unit != "as the row says":
        bars(workload, path)
    else:
        return None
    return name
