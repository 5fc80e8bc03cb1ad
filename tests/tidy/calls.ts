import { type ESTree, Visitor } from "vite";
import { areaOf } from "./areas.ts";
import { isTypeScript, lineOf, parseSource, type SourceFile, type Violation } from "./source.ts";

const TEST_BLOCKS = new Set(["describe", "it", "test", "suite"]);

type Report = (node: { readonly start: number }, message: string) => void;

/** Calls that make a pure function impure, a test blind, or a type a lie. */
export function checkCalls(files: readonly SourceFile[]): readonly Violation[] {
  return files
    .filter(({ path }) => isTypeScript(path))
    .flatMap((file) => {
      const violations: Violation[] = [];
      const report: Report = (node, message) => {
        violations.push({ path: file.path, line: lineOf(file.text, node.start), message });
      };
      const pure = areaOf(file.path)?.rule.pure === true;
      new Visitor({
        MemberExpression(node) {
          const name = memberName(node);
          if (pure) checkPurity(node, name, report);
          checkTestDiscipline(node, name, report);
        },
        CallExpression: (node) => checkSleep(file, node, report),
        ImportDeclaration(node) {
          if (isOrdinaryTest(file.path) && node.source.value === "node:timers/promises") report(node, SLEEP);
        },
        TSAsExpression(node) {
          if (node.typeAnnotation.type === "TSAnyKeyword")
            report(node, "`as any` hides the type; parse the value instead");
        },
      }).visit(parseSource(file).program);
      return violations;
    });
}

function checkPurity(node: ESTree.MemberExpression, name: string, report: Report): void {
  if (name === "Math.random") report(node, "Math.random in pure code; take random bytes as an argument");
  if (name === "Date.now") report(node, "Date.now in pure code; take `now` as an argument");
}

function checkTestDiscipline(node: ESTree.MemberExpression, name: string, report: Report): void {
  if (/^vi\.(mock|doMock|hoisted)$/.test(name)) {
    report(node, `${name} replaces a module; write a fake that behaves behind a port`);
  }
  const [block = "", ...modifiers] = name.split(".");
  if (!TEST_BLOCKS.has(block)) return;
  if (modifiers.includes("only")) report(node, `${name} leaves the other tests out; remove it`);
  if (modifiers.includes("skip") || modifiers.includes("todo")) {
    report(node, `${name} is a test that cannot fail; repair or delete it (missing tool: describeWithTools)`);
  }
}

const SLEEP = "a test that sleeps is slow and flaky; wait on the condition with vi.waitFor or expect.poll";

/** `setTimeout(resolve, …)` with a bare name is a sleep: a bound calls something that says what ran out. */
function checkSleep(file: SourceFile, node: ESTree.CallExpression, report: Report): void {
  if (!isOrdinaryTest(file.path)) return;
  if (node.callee.type !== "Identifier" || node.callee.name !== "setTimeout") return;
  if (node.arguments[0]?.type === "Identifier") report(node, SLEEP);
}

const isOrdinaryTest = (path: string): boolean => path.startsWith("tests/") && !path.startsWith("tests/support/");

/** "Math.random" of `Math.random`, "it.only" of `it.only`; the empty string of anything computed. */
function memberName(node: ESTree.MemberExpression): string {
  if (node.computed || node.property.type !== "Identifier") return "";
  const object = node.object;
  const left =
    object.type === "Identifier" ? object.name : object.type === "MemberExpression" ? memberName(object) : "";
  return left === "" ? "" : `${left}.${node.property.name}`;
}
