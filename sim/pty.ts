import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readlinkSync, renameSync, rmSync, symlinkSync, writeSync } from "node:fs";
import type { ReadStream } from "node:tty";
import nodePty from "@lydell/node-pty";
import type { BytePort } from "./byte-port.ts";

/**
 * What `open()` of node-pty gives back; its own type declarations leave it out.
 *
 * Its `destroy()` and `kill()` must never be called: there is no child process, its process id is -1, and they send
 * a signal to that, which means every process of the user.
 */
type PtyPair = {
  readonly _master: ReadStream;
  readonly _slave: ReadStream;
  readonly fd: number;
  readonly ptsName: string;
};

declare module "@lydell/node-pty" {
  export function open(options: { encoding: null }): PtyPair;
}

/**
 * Opens a raw pseudo-terminal and hands over what is written to its other end.
 *
 * The other end is `at.path`, or `link` if one is given: a symbolic link with a name that stays the same. It may be
 * opened and closed by the host as often as it likes.
 *
 * @throws if the machine has no `stty` or no pseudo-terminal to give.
 */
export function openPty(options: { link?: string | undefined; onBytes: (bytes: Uint8Array) => void }): BytePort {
  const { link, onBytes } = options;
  const { _master: master, _slave: slave, fd, ptsName } = nodePty.open({ encoding: null });
  // With nobody at the other end a read gives EIO and the terminal is gone: this descriptor keeps it alive while the
  // host is away, and keeps the raw mode that is set below.
  const heldFd = openSync(ptsName, constants.O_RDWR | constants.O_NOCTTY);
  slave.pause();
  slave.destroy();
  makeRaw(ptsName);
  master.on("data", (bytes: Uint8Array) => onBytes(bytes));
  master.on("error", () => master.destroy());
  if (link !== undefined) pointLinkTo(ptsName, link);

  return {
    at: { path: link ?? ptsName },
    write: (bytes) => {
      if (!master.destroyed) writeAll(fd, bytes);
    },
    close: async () => {
      if (link !== undefined) removeLink(ptsName, link);
      const closed = new Promise<void>((resolve) => master.once("close", () => resolve()));
      master.destroy();
      await closed;
      closeSync(heldFd);
    },
  };
}

function makeRaw(ptsName: string): void {
  try {
    // Node's own raw mode still turns every line feed into carriage return and line feed.
    execFileSync("stty", ["-F", ptsName, "raw", "-echo"], { stdio: "ignore" });
  } catch (cause) {
    throw new Error(`set ${ptsName} to raw mode with stty`, { cause });
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  try {
    for (let sent = 0; sent < bytes.length; ) sent += writeSync(fd, bytes, sent);
  } catch (error) {
    const isFull = error instanceof Error && "code" in error && error.code === "EAGAIN";
    if (!isFull) throw error;
  }
}

function pointLinkTo(target: string, link: string): void {
  const fresh = `${link}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, link);
}

/** Removes the link unless somebody has pointed it elsewhere meanwhile. */
function removeLink(target: string, link: string): void {
  try {
    if (readlinkSync(link) === target) rmSync(link);
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isGone) throw error;
  }
}
