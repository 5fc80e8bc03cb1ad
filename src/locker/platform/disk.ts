import { statfsSync } from "node:fs";

/** Room for the write-ahead log and weeks of journal: time to act in, and no write has failed yet. */
const FREE_BYTES_MIN = 64 * 1_048_576;

/** Whether the file system of this folder has room to spare, for a process without special rights. */
export function hasDiskSpace(folder: string, freeBytesMin = FREE_BYTES_MIN): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= freeBytesMin;
}
