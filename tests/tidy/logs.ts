import { type ESTree, Visitor } from "vite";
import { isTypeScript, lineOf, parseSource, type SourceFile, type Violation, wordsOf } from "./source.ts";

const LEVELS = new Set(["trace", "debug", "info", "warn", "error", "fatal"]);

/** What a log line never carries. */
const SECRET_WORDS = new Set([
  ...["code", "codes", "pin", "pins", "token", "tokens", "secret", "secrets", "pepper", "password", "totp", "otp"],
  ...["phone", "email", "mail", "contact", "contacts", "digest", "verifier", "extension", "qr"],
]);

/** Codes nobody opens a door with. */
const HARMLESS = /^(exit|status|error|refusal|close)_?code$/i;

/** A log call has a constant message and no field that is, or is named like, a secret or a person. */
export function checkLogs(files: readonly SourceFile[]): readonly Violation[] {
  return files
    .filter(({ path }) => isTypeScript(path))
    .flatMap((file) => {
      const violations: Violation[] = [];
      new Visitor({
        CallExpression(node) {
          if (!isLogCall(node)) return;
          for (const { start, message } of node.arguments.flatMap(faultsOf)) {
            violations.push({ path: file.path, line: lineOf(file.text, start), message });
          }
        },
      }).visit(parseSource(file).program);
      return violations;
    });
}

function isLogCall({ callee }: ESTree.CallExpression): boolean {
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return false;
  return LEVELS.has(callee.property.name) && wordsOf(lastName(callee.object)).some((word) => /^log(ger)?$/.test(word));
}

type Fault = { readonly start: number; readonly message: string };

function faultsOf(argument: ESTree.Argument): readonly Fault[] {
  if (argument.type === "TemplateLiteral" && argument.expressions.length > 0) {
    return [{ start: argument.start, message: "a log message is a constant; put the value into a field" }];
  }
  return argument.type === "ObjectExpression" ? argument.properties.flatMap(fieldFaults) : [];
}

function fieldFaults(property: ESTree.ObjectPropertyKind): readonly Fault[] {
  if (property.type !== "Property") return [];
  const key = property.key.type === "Literal" ? String(property.key.value) : lastName(property.key);
  const suspects = [key, lastName(property.value)].filter(isSecret);
  const inner = property.value.type === "ObjectExpression" ? property.value.properties.flatMap(fieldFaults) : [];
  if (suspects.length === 0) return inner;
  const message = `"${suspects[0]}" in a log line; leave it out (of an error say errorCode, of an exit exitCode)`;
  return [{ start: property.start, message }, ...inner];
}

const isSecret = (name: string): boolean =>
  !HARMLESS.test(name) && wordsOf(name).some((word) => SECRET_WORDS.has(word));

/** The last name of `this.log`, `request.log`, `log`; what a value is called where it stands. */
function lastName(node: ESTree.Node): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression" && node.property.type === "Identifier") return node.property.name;
  return "";
}
