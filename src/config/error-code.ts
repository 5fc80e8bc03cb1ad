/** What the system or SQLite calls an error: `ENOENT`, `SQLITE_NOTADB`. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unknown";
