#!/usr/bin/env python3
"""A release's bill of materials: sbom.py FILE... > spork.spdx.json, in SPDX 2.3, of the files that are released.

Each file with its SHA-256, spork itself, and what it is linked to: APR (statically on Windows), nothing else.
SPDX-License-Identifier: Apache-2.0
"""
import datetime
import hashlib
import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = "https://example.org/spork"  # packaging/README.md


def version():
    header = (ROOT / "include" / "spork.h").read_text(encoding="utf-8")
    return re.search(r'^#define SPORK_VERSION_STRING "([0-9.]+)"', header, re.MULTILINE).group(1)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def made_at():
    """SOURCE_DATE_EPOCH makes the same bytes of the same release."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", datetime.datetime.now().timestamp()))
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def package(identity, name, release, license_name, home, file_name=None, checksum=None):
    record = {
        "SPDXID": f"SPDXRef-{identity}",
        "name": name,
        "versionInfo": release,
        "downloadLocation": home,
        "filesAnalyzed": False,
        "licenseConcluded": license_name,
        "licenseDeclared": license_name,
        "copyrightText": "NOASSERTION",
    }
    if file_name:
        record["packageFileName"] = file_name
        record["checksums"] = [{"algorithm": "SHA256", "checksumValue": checksum}]
    return record


def relation(one, kind, other):
    return {"spdxElementId": f"SPDXRef-{one}", "relationshipType": kind, "relatedSpdxElement": f"SPDXRef-{other}"}


def bill(paths):
    release = version()
    packages = [
        package("spork", "spork", release, "Apache-2.0", HOME),
        package("apr", "Apache Portable Runtime", ">= 1.6", "Apache-2.0", "https://apr.apache.org"),
    ]
    relations = [relation("DOCUMENT", "DESCRIBES", "spork"), relation("spork", "DEPENDS_ON", "apr")]
    sums = sorted((os.path.basename(path), sha256(path)) for path in paths)
    for number, (name, checksum) in enumerate(sums, 1):
        packages.append(package(f"file-{number}", name, release, "Apache-2.0", HOME, name, checksum))
        relations.append(relation(f"file-{number}", "PACKAGE_OF", "spork"))
    unique = hashlib.sha256(json.dumps(sums).encode()).hexdigest()[:32]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"spork-{release}",
        "documentNamespace": f"{HOME}/sbom/{release}/{unique}",
        "creationInfo": {"created": made_at(), "creators": ["Tool: packaging/sbom.py"]},
        "packages": packages,
        "relationships": relations,
    }


def main(arguments):
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    json.dump(bill(arguments), sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
