/** Keys and list places from the document's root. */
export type Path = readonly (string | number)[];

/** Something wrong at a place of the configuration, before it is known which file or variable said so. */
export type Complaint = {
  readonly path: Path;
  /** Points at the key rather than at its value, which may be long or secret. */
  readonly atKey?: true;
  /** What is there, safe to print; undefined when nothing is, or when it could be a secret. */
  readonly found?: string;
  /** What is wrong and what is allowed. */
  readonly problem: string;
  /** One thing to try. */
  readonly hint: string;
};

/** The same, found: where to look and what to do. */
export type ConfigFault = {
  /** `file:line:column`, or the variable or flag that set it. */
  readonly where: string;
  /** Empty when the whole document is meant. */
  readonly field: string;
  readonly found: string | undefined;
  readonly problem: string;
  readonly hint: string;
};

/** `buses[0].boards[2].address`. */
export const fieldOf = (path: Path): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");

/** One line a fault, as an editor can jump to it. */
export const formatFaults = (faults: readonly ConfigFault[]): string =>
  faults
    .map(({ where, field, found, problem, hint }) => {
      const subject = [field, found ?? ""].filter((part) => part !== "").join(": ");
      const sentence = `${subject === "" ? "it" : subject} ${problem}`;
      return `${where}: ${sentence}. ${hint}${hint.endsWith("?") ? "" : "."}`;
    })
    .join("\n");
