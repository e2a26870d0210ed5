// Runs the script of an actions/github-script step against answers handed in, and records its calls.
// stdin: {"script": "…", "answers": {"issues.listComments": [...]}, "context": {"runNumber": 7}}
// stdout: {calls, result, notes}
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const { script, answers, context: given } = JSON.parse(await text(process.stdin));
const calls = [];
const notes = [];

// github.rest.<group>.<verb>(parameters), for whatever group and verb the script names.
const endpoint = (name) => async (parameters) => {
  calls.push([name, parameters]);
  const one = parameters.run_id ?? parameters.basehead;
  const key = one ? `${name}/${one}` : name;
  return { data: answers[key] ?? [] };
};
const group = (name) => new Proxy({}, { get: (_, verb) => endpoint(`${name}.${verb}`) });
const paginate = async (call, parameters) => (await call(parameters)).data;
// Octokit gives a page at a time, each an array, whatever the member is called that holds it.
paginate.iterator = async function* (call, parameters) {
  const { data } = await call(parameters);
  for (let at = 0; at < data.length; at += parameters.per_page) {
    yield { data: data.slice(at, at + parameters.per_page) };
  }
};
const github = { rest: new Proxy({}, { get: (_, name) => group(name) }), paginate };
const repo = { owner: "acme", repo: "gpu-fleets" };
const context = {
  repo,
  issue: { number: 7 },
  sha: "head",
  workflow: "reconcile plan",
  serverUrl: "https://github.com",
  runId: 12,
  payload: { pull_request: { head: { sha: "0123456789abcdef" } } },
  ...given,
};
const core = { notice: (note) => notes.push(note) };

const AsyncFunction = (async () => {}).constructor;
const run = new AsyncFunction("github", "context", "core", "require", script);
// The action says what a script throws, and its step fails.
const result = await run(github, context, core, createRequire(import.meta.url)).catch((error) => {
  notes.push(`failed: ${error.message}`);
});
console.log(JSON.stringify({ calls, result: result ?? null, notes }));
