#!/usr/bin/env python3
"""Man pages out of Doxygen's XML: one for each function and type, one for each group, and spork(3).

Usage: man_pages.py XML-FOLDER MAN3-FOLDER VERSION

Doxygen's own man pages are one for a whole file, and its links to it have names such as signal.3, that of a struct's member.

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

CHARACTERS = {"ndash": "\u2013", "mdash": "\u2014", "nonbreakablespace": "\\ ", "hellip": "\u2026", "times": "\u00d7",
              "minus": "\u2212"}
INLINE = {"ref": "B", "ulink": "I", "computeroutput": "B", "bold": "B", "emphasis": "I"}


def escape(text):
    return text.replace("\\", "\\e").replace("-", "\\-")


def quoted(text):
    """A macro's argument."""
    return '"' + text.replace('"', "\\(dq") + '"'


def plain(element):
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


class Text:
    """Paragraphs as roff; what is a section of its own goes elsewhere."""

    def __init__(self):
        self.lines = []     # of the description
        self.words = ""     # of a paragraph that is not over
        self.parameters = []
        self.returns = []

    def flush(self, before=".PP"):
        words = " ".join(self.words.split())
        self.words = ""
        if not words:
            return
        if before:
            self.lines.append(before)
        if words[0] in ".'":
            words = "\\&" + words
        self.lines.append(words)

    def example(self, lines):
        self.flush()
        self.lines += [".PP", ".in +4n", ".nf"]
        self.lines += [re.sub(r"^([.'])", r"\\&\1", escape(line)) for line in lines]
        self.lines += [".fi", ".in"]

    def add(self, element):
        self.words += escape(element.text or "")
        for child in element:
            self.child(child)
            self.words += escape(child.tail or "")

    def child(self, child):
        tag = child.tag
        if tag in INLINE:
            text = plain(child)
            if tag == "ref" and text.endswith("()"):
                text = text[:-2] + "(3)"
                self.words += "\\fB" + escape(text[:-3]) + "\\fR(3)"
            else:
                self.words += "\\f" + INLINE[tag] + escape(text) + "\\fR"
        elif tag in CHARACTERS:
            self.words += CHARACTERS[tag]
        elif tag in ("linebreak", "hruler", "anchor"):
            self.words += " "
        elif tag == "para":
            self.flush()
            self.add(child)
            self.flush()
        elif tag in ("verbatim", "preformatted"):
            self.example(child.text.strip("\n").split("\n"))
        elif tag == "programlisting":
            for space in child.iter("sp"):
                space.text = " "
            self.example(["".join(line.itertext()) for line in child.findall("codeline")])
        elif tag in ("sect1", "sect2", "sect3", "sect4"):
            self.flush()
            self.lines.append(f".SS {quoted(escape(plain(child.find('title'))))}")
            for part in child:
                if part.tag != "title":
                    self.child(part)
        elif tag == "heading":
            self.flush()
            self.lines.append(f".SS {quoted(escape(plain(child)))}")
        elif tag == "table":
            self.flush()
            for row in child.findall("row"):
                cells = [" ".join(line for line in roff(cell) if not line.startswith(".")) for cell in row]
                self.lines += [".TP", cells[0]] + ["; ".join(cells[1:])]
            self.lines.append(".PP")
        elif tag in ("itemizedlist", "orderedlist"):
            self.flush()
            for item in child:
                self.lines.append(".IP \\(bu 2")
                inner = Text()
                for part in item:
                    inner.child(part)
                self.lines += inner.lines[1:] if inner.lines[:1] == [".PP"] else inner.lines
            self.lines.append(".PP")
        elif tag == "parameterlist":
            self.flush()
            for item in child:
                name = plain(item.find("parameternamelist"))
                self.parameters.append((name, roff(item.find("parameterdescription"))))
        elif tag == "simplesect" and child.get("kind") == "return":
            self.flush()
            self.returns += roff(child)
        elif tag == "simplesect":  # a note, a warning, a paragraph with a title
            self.flush()
            title = plain(child.find("title")) or child.get("kind").capitalize()
            inner = Text()
            for part in child:
                if part.tag != "title":
                    inner.child(part)
            body = inner.lines[1:] if inner.lines[:1] == [".PP"] else inner.lines
            self.lines += [".PP", f"\\fB{escape(title.rstrip('.'))}.\\fR"] + body
        else:
            raise SystemExit(f"man_pages.py does not know <{tag} kind={child.get('kind')}>")


def roff(*elements):
    """Lines of roff, the first paragraph without .PP."""
    text = Text()
    for element in elements:
        if element is not None:
            text.add(element)
            text.flush()
    return text.lines[1:] if text.lines[:1] == [".PP"] else text.lines


def described(element):
    text = Text()
    for part in (element.find("briefdescription"), element.find("detaileddescription")):
        if part is not None:
            text.add(part)
            text.flush()
    return text


def declaration(member):
    """A function as it is declared: names in italics, broken at commas."""
    kind, name = member.get("kind"), member.findtext("name")
    if kind == "define":
        arguments = ", ".join("\\fI" + escape(plain(p.find("defname"))) + "\\fB" for p in member.findall("param"))
        return [f"\\fB#define {name}({arguments})\\fR"]
    result = plain(member.find("type"))
    if kind == "typedef":  # of a pointer to a function
        head = f"typedef {result.replace('(*', ' (*')}{name})("
    else:
        head = f"{result}{'' if result.endswith('*') else ' '}{name}("
    parameters = []
    for p in member.findall("param"):
        type_, declared = plain(p.find("type")), p.findtext("declname") or ""
        if plain(p.find("array")) or "(*" in type_.replace(" ", ""):
            text, _, rest = type_.partition("(*")
            parameters.append((f"{text.rstrip()} (*", declared, rest + plain(p.find("array"))))
        else:
            parameters.append((type_ + ("" if type_.endswith("*") or not declared else " "), declared, ""))
    if kind == "typedef":
        arguments = re.sub(r"^\)\(|\)$", "", member.findtext("argsstring"))
        parameters = []
        for argument in arguments.split(", "):
            type_, declared = re.match(r"(.*?[ *])(\w+)$", argument).groups()
            parameters.append((type_, declared, ""))
    lines, line, width = [], "\\fB" + escape(head), len(head)
    for i, (type_, declared, rest) in enumerate(parameters):
        end = ", " if i + 1 < len(parameters) else ");"
        size = len(type_) + len(declared) + len(rest) + len(end)
        if i > 0 and width + size > 78:
            lines.append(line + "\\fR")
            line, width = "\\fB    ", 4
        line += f"{escape(type_)}\\fI{escape(declared)}\\fB{escape(rest)}{end}"
        width += size
    if not parameters:
        line += "void);"
    return lines + [line + "\\fR"]


class Manual:
    def __init__(self, xml, folder, version):
        self.xml, self.folder, self.version = xml, folder, version
        self.pages = {}
        os.makedirs(folder, exist_ok=True)

    def compound(self, name):
        return ElementTree.parse(os.path.join(self.xml, name + ".xml")).getroot().find("compounddef")

    def write(self, name, brief, sections, also):
        if name in self.pages:
            raise SystemExit(f"man_pages.py: two pages of the name {name}")
        also = sorted({f"\\fB{escape(other)}\\fR(3)" for other in also if other != name})
        lines = ['.\\" made by docs/man_pages.py from include/spork.h',
                 f".TH {name} 3 \"\" {quoted('spork ' + self.version)} {quoted('spork')}",
                 ".SH NAME", f"{name} \\- {escape(brief.rstrip('.'))}"]
        for title, body in sections:
            if body:
                lines += [f".SH {title}"] + body
        if also:
            lines += [".SH SEE ALSO", ", ".join(also)]
        self.pages[name] = True
        with open(os.path.join(self.folder, name + ".3"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def mentioned(self, element):
        names = {plain(ref).removesuffix("()") for ref in element.iter("ref")}
        return {name for name in names if name in self.names}

    def entry(self, name, body):
        body = [line for line in body if line != ".PP"] or [""]
        return [".TP", f"\\fB{escape(name)}\\fR"] + body

    def callable(self, member, group):
        text = described(member)
        parameters = []
        for name, body in text.parameters:
            parameters += [".TP", f"\\fI{escape(name)}\\fR"] + body
        brief = plain(member.find("briefdescription"))
        self.write(member.findtext("name"), brief, [
            ("SYNOPSIS", [".nf", "\\fB#include <spork.h>\\fR", ".sp"] + declaration(member) + [".fi"]),
            ("DESCRIPTION", text.lines[1:] if text.lines[:1] == [".PP"] else text.lines),
            ("PARAMETERS", parameters),
            ("RETURN VALUE", text.returns)], self.mentioned(member) | {"spork", group})

    def struct(self, compound, group):
        members = []
        for member in compound.iter("memberdef"):
            type_ = plain(member.find("type"))
            title = f"{type_}{'' if type_.endswith('*') else ' '}{member.findtext('name')}{member.findtext('argsstring')}"
            members += self.entry(title, described(member).lines[1:])
        text = described(compound)
        self.write(compound.findtext("compoundname"), plain(compound.find("briefdescription")), [
            ("SYNOPSIS", ["\\fB#include <spork.h>\\fR"]), ("DESCRIPTION", text.lines[1:]), ("MEMBERS", members)],
            self.mentioned(compound) | {"spork", group})

    def enumeration(self, member, group):
        values = []
        for value in member.findall("enumvalue"):
            values += self.entry(value.findtext("name"), described(value).lines[1:])
        self.write(member.findtext("name"), plain(member.find("briefdescription")), [
            ("SYNOPSIS", ["\\fB#include <spork.h>\\fR"]), ("DESCRIPTION", described(member).lines[1:]),
            ("VALUES", values)], self.mentioned(member) | {"spork", group})

    def has_page(self, member):
        kind = member.get("kind")
        if kind == "typedef":
            return "(*" in plain(member.find("type")).replace(" ", "")
        return kind in ("function", "enum") or (kind == "define" and member.find("param") is not None)

    def group(self, compound):
        """Its page, and those of its members; returns what spork(3) says of it."""
        name, title = compound.findtext("compoundname"), compound.findtext("title")
        listed, constants, contents = set(), [], []
        for member in compound.iter("memberdef"):
            if not self.has_page(member):
                if member.get("kind") == "define":
                    constants += self.entry(member.findtext("name"), described(member).lines[1:])
                continue
            listed.add(member.findtext("name"))
            contents += self.entry(member.findtext("name") + "(3)", [escape(plain(member.find("briefdescription")))])
            if member.get("kind") == "enum":
                self.enumeration(member, name)
            else:
                self.callable(member, name)
        for inner in compound.findall("innerclass"):
            struct = self.compound(inner.get("refid"))
            listed.add(struct.findtext("compoundname"))
            contents += self.entry(struct.findtext("compoundname") + "(3)",
                                   [escape(plain(struct.find("briefdescription")))])
            self.struct(struct, name)
        text = described(compound)
        self.write(name, title[0].lower() + title[1:], [
            ("DESCRIPTION", text.lines[1:] if text.lines[:1] == [".PP"] else text.lines),
            ("CONSTANTS", constants), ("FUNCTIONS AND TYPES", contents)], {"spork"})
        return [f".SS {quoted(escape(title))}", f"See \\fB{name}\\fR(3)."] + contents

    def all(self):
        groups = sorted((n[:-4] for n in os.listdir(self.xml) if n.startswith("group__")))
        compounds = sorted((self.compound(n) for n in groups), key=self.place)
        self.names = {c.findtext("compoundname") for c in compounds}
        for compound in compounds:
            self.names |= {m.findtext("name") for m in compound.iter("memberdef") if self.has_page(m)}
            self.names |= {i.text for i in compound.findall("innerclass")}
        contents = []
        for compound in compounds:
            contents += self.group(compound)
        index = self.compound("indexpage")
        text = described(index)
        text.lines = [line for line in text.lines if not line.startswith("SPDX")]
        self.write("spork", plain(index.find("title")).partition(": ")[2],
                   [("SYNOPSIS", ["\\fB#include <spork.h>\\fR", ".sp", "\\fBcc program.c $(pkg\\-config \\-\\-cflags "
                                  "\\-\\-libs spork)\\fR"]),
                    ("DESCRIPTION", text.lines[1:]), ("FUNCTIONS AND TYPES", contents)], set())

    @staticmethod
    def place(compound):
        """Where in the header a group begins."""
        return min((int(l.get("line")) for l in compound.iter("location") if l.get("file", "").endswith("spork.h")), default=1 << 30)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    Manual(*sys.argv[1:]).all()
