#!/usr/bin/env python3
"""Every relative link in every *.md leads to a file that is there, and to a heading of it; every file that a document or a
comment names is there.

Usage: links.py ROOT

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import sys
from urllib.parse import unquote

# folders that are not the project's
ELSEWHERE = {".git", ".cache", "build"}
# in which comments are looked at, too
SOURCES = (".c", ".h", ".sh", ".cmake", ".py", ".yml", ".in", "CMakeLists.txt", "run", "nightly", "bootstrap", "rules")
# what looks like a file of ours and is one of the reader's
THEIRS = {"program.c", "main.c", "run.json", "run.2.json", "out.txt", "spork.pc", "libspork.a", "libspork.so", "CMakeLists.txt",
          "report.md", "report.json", "figures.txt"}
ENDINGS = r"(?:c|h|md|py|sh|cmake|rb|yml|xml|in|txt|json|png)"

LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^()\s>]+(?:\([^()]*\))?)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)")
HTML = re.compile(r"<(?:a|img)\s[^>]*?(?:href|src)=\"([^\"]+)\"")


def files_of(root):
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in ELSEWHERE)
        found += [os.path.relpath(os.path.join(folder, name), root) for name in sorted(names)]
    return found


def prose(text):
    """The lines outside of fenced blocks, each with its number."""
    fence = None
    for number, line in enumerate(text.split("\n"), 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and (fence is None or (mark[1][0] == fence[0] and len(mark[1]) >= len(fence))):
            fence = mark[1] if fence is None else None
        elif fence is None and not re.match(r" {4,}\S", line):
            yield number, line


def slug(heading):
    """What GitHub makes of a heading."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(text):
    names, seen = set(), {}
    for _, line in prose(text):
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            name = slug(heading[1])
            seen[name] = seen.get(name, -1) + 1
            names.add(f"{name}-{seen[name]}" if seen[name] else name)
        names.update(re.findall(r"<a\s+(?:id|name)=\"([^\"]+)\"", line))
    return names


class Check:
    def __init__(self, root):
        self.root, self.files = root, files_of(root)
        self.there = set(self.files)
        self.folders = {os.path.dirname(name) for name in self.files}
        for folder in list(self.folders):
            while folder:
                folder = os.path.dirname(folder)
                self.folders.add(folder)
        self.names = {os.path.basename(name) for name in self.files}
        self.top = {name.split("/")[0] for name in self.files}
        self.texts, self.links, self.named, self.faults = {}, 0, 0, 0

    def text(self, name):
        if name not in self.texts:
            with open(os.path.join(self.root, name), encoding="utf-8") as file:
                self.texts[name] = file.read()
        return self.texts[name]

    def fault(self, name, number, words):
        print(f"{name}:{number}: {words}", file=sys.stderr)
        self.faults += 1

    def exists(self, name):
        return name in self.there or name.rstrip("/") in self.folders

    def link(self, name, number, target):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            return
        self.links += 1
        path, _, anchor = unquote(target).partition("#")
        if path.startswith("/"):
            self.fault(name, number, f"{target} is absolute")
            return
        path = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
        path = "" if path == "." else path
        if not self.exists(path):
            self.fault(name, number, f"{target} leads nowhere")
        elif anchor and (not path.endswith(".md") or anchor not in anchors(self.text(path))):
            self.fault(name, number, f"{target}: {path} has no such heading")

    def mention(self, name, number, word):
        """A word that may be a file's name."""
        word = re.sub(r":\d+$", "", word)
        if os.path.basename(word) in THEIRS or word.startswith("build/"):
            return
        if "/" in word:
            if word.split("/")[0] in self.top | {"..", "."}:
                self.named += 1
                beside = os.path.normpath(os.path.join(os.path.dirname(name), word))
                if not self.exists(word) and not self.exists(beside):
                    self.fault(name, number, f"{word} is not there")
        elif re.fullmatch(rf"[A-Za-z0-9_.-]+\.{ENDINGS}", word):
            self.named += 1
            if word not in self.names:
                self.fault(name, number, f"there is no file of the name {word}")

    def document(self, name):
        for number, line in prose(self.text(name)):
            bare = re.sub(r"`[^`]*`", "``", line)
            for pattern in (LINK, DEFINITION, HTML):
                for target in pattern.findall(bare if pattern is not LINK else re.sub(r"`", "", line)):
                    self.link(name, number, target)
            for word in re.findall(r"`([A-Za-z0-9_.][A-Za-z0-9_./-]*)`", line):
                if re.search(rf"\.{ENDINGS}$", word) or ("/" in word and "." not in word):
                    self.mention(name, number, word)

    def source(self, name):
        """Documents that comments send to."""
        for number, line in enumerate(self.text(name).split("\n"), 1):
            for word in re.findall(r"(?<![\w./-])((?:docs|examples|tests|packaging)/[a-z0-9_./-]+\.(?:md|c|h|sh|py))\b", line):
                self.mention(name, number, word)


def main():
    check = Check(sys.argv[1])
    for name in check.files:
        if name.endswith(".md"):
            check.document(name)
        elif name.endswith(SOURCES) and not name.startswith("tests/docs/"):
            check.source(name)
    installed = "packaging/installed/README.md"
    if installed in check.there:
        for number, line in prose(check.text(installed)):
            for target in LINK.findall(line):
                if not re.match(r"(https?:|#)", target):
                    check.fault(installed, number, f"{target}: where it is installed there is no such file")
    rooms = check.text("docs/design/README.md")
    for name in check.files:
        if re.fullmatch(r"src/[a-z0-9_]+\.c", name) and f"`{os.path.basename(name)}`" not in rooms:
            check.fault("docs/design/README.md", 0, f"{name} is in no room")
    if check.links < 50 or check.named < 50:
        check.fault("links.py", 0, f"only {check.links} links and {check.named} names were found: it does not look right")
    if check.faults:
        sys.exit(1)
    print(f"{check.links} links and {check.named} names of files are good")


if __name__ == "__main__":
    main()
