// Runs the script of an actions/github-script step against answers handed in, and records its calls.
// stdin: {"script": "…", "answers": {"issues.listComments": [...]}}   stdout: {calls, result, notes}
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const { script, answers } = JSON.parse(await text(process.stdin));
const calls = [];
const notes = [];

// github.rest.<group>.<verb>(parameters), for whatever group and verb the script names.
const endpoint = (name) => async (parameters) => {
  calls.push([name, parameters]);
  const one = parameters.deployment_id ?? parameters.basehead;
  const key = one ? `${name}/${one}` : name;
  return { data: answers[key] ?? [] };
};
const group = (name) => new Proxy({}, { get: (_, verb) => endpoint(`${name}.${verb}`) });
const github = {
  rest: new Proxy({}, { get: (_, name) => group(name) }),
  paginate: async (call, parameters) => (await call(parameters)).data,
};
const repo = { owner: "acme", repo: "gpu-fleets" };
const context = {
  repo,
  issue: { number: 7 },
  sha: "head",
  workflow: "reconcile plan",
  serverUrl: "https://github.com",
  runId: 12,
  payload: { pull_request: { head: { sha: "0123456789abcdef" } } },
};
const core = { notice: (note) => notes.push(note), setFailed: (note) => notes.push(`failed: ${note}`) };

const AsyncFunction = (async () => {}).constructor;
const run = new AsyncFunction("github", "context", "core", "require", script);
const result = await run(github, context, core, createRequire(import.meta.url));
console.log(JSON.stringify({ calls, result: result ?? null, notes }));
