// node workflow_lint.mjs FILE...   what GitHub's own workflow language service says, one line each
import { readFileSync } from "node:fs";
import { register } from "node:module";

// The package is made for bundlers: it imports JSON without saying so, which Node refuses.
register("data:text/javascript," + encodeURIComponent(`
  export const load = (url, context, next) =>
    next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context);
`));
const { validate } = await import("@actions/languageservice");
const { TextDocument } = await import("vscode-languageserver-textdocument");

for (const file of process.argv.slice(2)) {
  // The service knows a workflow by its folder.
  const uri = `file:///.github/workflows/${file.split("/").pop()}`;
  const text = TextDocument.create(uri, "yaml", 1, readFileSync(file, "utf8"));
  for (const { range, message } of await validate(text)) {
    console.log(`${file}:${range.start.line + 1}: ${message}`);
  }
}
