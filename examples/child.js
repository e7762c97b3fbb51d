// Rollbook as a child process of a Node program: it takes a free port, writes its address to a pipe, and ends with
// this program, in whatever way this one ends.
//
//     node examples/child.js [DATABASE]

const { spawn } = require("node:child_process");
const { randomBytes } = require("node:crypto");
const { once } = require("node:events");
const fs = require("node:fs/promises");
const os = require("node:os");
const path = require("node:path");

// The program `rollbook`, by its path or from PATH.
const PROGRAM = process.env.SERVER_PROGRAM || "rollbook";

// Starts a server on that file; `stop` ends it after the requests that have begun.
async function start(database) {
  const secret = () => randomBytes(20).toString("hex");
  const secrets = { ROLLBOOK_ADMIN_PASSWORD: secret(), ROLLBOOK_API_KEY: secret(), ROLLBOOK_APP_KEY: secret() };
  const flags = ["--db", database, "--listen", "127.0.0.1:0", "--ready-fd", "3", `--exit-with-parent=${process.pid}`];
  // Standard input is a pipe, too: closing it ends the server.
  const child = spawn(PROGRAM, ["serve", ...flags], {
    env: { ...process.env, ...secrets },
    stdio: ["pipe", "inherit", "inherit", "pipe"],
  });
  const ended = once(child, "exit");
  let line = "";
  for await (const part of child.stdio[3]) line += part;
  if (line === "") throw new Error(`rollbook could not start: it ended with status ${(await ended)[0]}`);
  const { url } = JSON.parse(line);
  const headers = { "DD-API-KEY": secrets.ROLLBOOK_API_KEY, "DD-APPLICATION-KEY": secrets.ROLLBOOK_APP_KEY };
  return {
    url,
    async call(method, target, body) {
      const answer = await fetch(url + target, {
        method,
        headers: { ...headers, "Content-Type": "application/json" },
        body: body && JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

async function main() {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "rollbook-"));
  const server = await start(process.argv[2] || path.join(folder, "people.db"));
  const created = await server.call("POST", "/api/v1/user", { handle: "ada@example.com", name: "Ada Lovelace" });
  console.log("created:", created.user.handle);
  const found = await server.call("GET", "/api/v1/user/ada@example.com");
  console.log("found:", found.user.name);
  await server.stop();
  await fs.rm(folder, { recursive: true });
  console.log("stopped");
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
