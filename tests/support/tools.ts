import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * System tools some tests need, with the program names each goes by. `npm run setup` installs all of them.
 * Only what no npm package brings belongs here.
 */
const programsOf = {
  chromium: ["chromium", "chromium-browser", "google-chrome"],
  mosquitto: ["mosquitto"],
  openssl: ["openssl"],
  perl: ["perl"],
  socat: ["socat"],
  strace: ["strace"],
  "systemd-analyze": ["systemd-analyze"],
  udevadm: ["udevadm"],
} as const;

export type ToolName = keyof typeof programsOf;

/** Prefix of the note a left-out suite carries, read back by the reporter that sums them up. */
export const LEFT_OUT_NOTE = "not installed: ";

/** The tool's absolute path, or undefined when it is not installed. */
export function findTool(name: ToolName): string | undefined {
  // Debian keeps daemons in /usr/sbin, which is not in an ordinary user's PATH.
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const program of programsOf[name]) {
    const path = folders.map((folder) => join(folder, program)).find(isExecutable);
    if (path !== undefined) return path;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
