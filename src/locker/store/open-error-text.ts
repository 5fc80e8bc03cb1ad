import type { OpenStoreError } from "./sqlite-store.ts";

/** Why a database is not opened, and what to do about it: for the person who starts the locker. */
export function openErrorText(path: string, error: OpenStoreError): string {
  return `${path}: ${textOf(error)}`;
}

function textOf(error: OpenStoreError): string {
  switch (error.code) {
    case "held_by_another_process":
      return "another process holds the database: stop the locker that is running on it first";
    case "newer_version":
      return `made by a later release (version ${error.found}, this one reads ${error.supported}): run that release`;
    case "foreign_database":
      return "holds the database of another program: name another file under database";
    case "other_locker":
      return `belongs to the locker ${error.found}: name that handle under locker, or another file under database`;
    case "sqlite_too_old":
      return `SQLite ${error.found} can lose data, ${error.needed} or later is needed: install the packages anew (npm install)`;
  }
}
