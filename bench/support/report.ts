import { availableParallelism, cpus, loadavg } from "node:os";

export type Goal = { readonly name: string; readonly isMet: boolean };

/** Prints rows in columns: the first to the left, all others to the right. The first row is the heading. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) {
    const texts = row.map((text, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? text.padEnd(width) : text.padStart(width);
    });
    console.log(texts.join("  ").trimEnd());
  }
}

/** Where and how busy: what somebody has to know who compares two runs. */
export function printMachine(): void {
  const load = loadavg().map((value) => value.toFixed(2));
  console.log(
    `node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "processor"}, load ${load.join(" ")}`,
  );
}

/** Prints what was asked and whether it holds; a missed goal fails the process unless `isSmoke`. */
export function printGoals(goals: readonly Goal[], { isSmoke }: { readonly isSmoke: boolean }): void {
  for (const { name, isMet } of goals) console.log(`goal ${isMet ? "met   " : "MISSED"}  ${name}`);
  if (goals.every(({ isMet }) => isMet)) return;
  if (isSmoke) console.log("a smoke run proves only that the bench runs");
  else process.exitCode = 1;
}
