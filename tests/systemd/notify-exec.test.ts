import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { describeWithTools } from "../support/describe-with-tools.ts";

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const launcher = fromRoot("systemd/notify-exec");
const notifier = fromRoot("src/locker/platform/systemd.ts");

/** A manager that binds the socket, says so, and prints every datagram with the sender's process id until the first STOPPING. */
const MANAGER = String.raw`
use strict; use warnings; use Socket;
my ($path) = @ARGV; $path =~ s/^@/\0/;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die $!;
setsockopt($socket, SOL_SOCKET, 16, pack("i", 1)) or die $!; # SO_PASSCRED
bind($socket, pack_sockaddr_un($path)) or die $!;
$| = 1; print "bound\n"; alarm 15;
while (1) { recv($socket, my $text, 4096, 0) // die $!; print "$text\n"; last if $text eq "STOPPING=1"; }
`;

const CHILD = `
import { openNotify } from ${JSON.stringify(notifier)};
import { spawnSync } from "node:child_process";
const notify = openNotify(process.env);
notify.ready();
notify.watchdog();
const inherited = spawnSync("/bin/sh", ["-c", "test -e /proc/self/fd/" + process.env.LOCKERD_NOTIFY_FD]).status === 0;
notify.status([process.pid, process.env.NOTIFY_SOCKET, inherited].join(" "));
notify.stopping();
`;

describeWithTools(["perl"], "notify-exec", ({ perl }) => {
  const folder = mkdtempSync(join(tmpdir(), "lockerd-notify-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs the child under the launcher, and returns its process id and what the manager heard. */
  async function run(socket: string): Promise<{ readonly pid: number | undefined; readonly heard: readonly string[] }> {
    const manager = spawn(perl, ["-e", MANAGER, socket], { stdio: ["ignore", "pipe", "inherit"] });
    const heard: string[] = [];
    manager.stdout.setEncoding("utf8");
    let pid: number | undefined;
    for await (const chunk of manager.stdout) {
      heard.push(...String(chunk).trimEnd().split("\n"));
      if (pid === undefined && heard[0] === "bound") {
        const env = { ...process.env, NOTIFY_SOCKET: socket };
        const command = [process.execPath, "--input-type=module", "--eval", CHILD];
        pid = spawn(launcher, command, { env, stdio: ["ignore", "ignore", "inherit"] }).pid;
      }
    }
    return { pid, heard };
  }

  it("lets node speak to a socket in the file system, as the same process", async () => {
    const { pid, heard } = await run(join(folder, "notify.sock"));
    expect(heard).toEqual(["bound", "READY=1", "WATCHDOG=1", `STATUS=${pid}  false`, "STOPPING=1"]);
  });

  it("lets node speak to an abstract socket", async () => {
    const { heard } = await run(`@lockerd-test-${process.pid}`);
    expect(heard.slice(0, 2)).toEqual(["bound", "READY=1"]);
  });

  it("runs the command unchanged where nobody listens", () => {
    const { NOTIFY_SOCKET: _, ...env } = process.env;
    const script = 'process.stdout.write([process.argv[1], process.env.LOCKERD_NOTIFY_FD].join("|"))';
    const run = spawnSync(launcher, [process.execPath, "--eval", script, "a b"], { env, encoding: "utf8" });
    expect([run.status, run.stdout, run.stderr]).toEqual([0, "a b|", ""]);
  });

  it("passes the command's exit status on", () => {
    expect(spawnSync(launcher, [process.execPath, "--eval", "process.exit(78)"]).status).toBe(78);
  });

  it("says what is wrong when the socket is gone, and does not start the command", () => {
    const env = { ...process.env, NOTIFY_SOCKET: join(folder, "gone.sock") };
    const run = spawnSync(launcher, [process.execPath, "--eval", "console.log(1)"], { env, encoding: "utf8" });
    expect(run.status).not.toBe(0);
    expect(run.stderr).toMatch(/^notify-exec: connect NOTIFY_SOCKET: No such file/);
    expect(run.stdout).toBe("");
  });

  it("says how to use it without a command", () => {
    expect(spawnSync(launcher, [], { encoding: "utf8" }).stderr).toBe("usage: notify-exec COMMAND [ARGUMENT...]\n");
  });
});
