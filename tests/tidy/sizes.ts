import { Visitor } from "vite";
import { isTypeScript, lineOf, parseSource, type SourceFile, type Violation } from "./source.ts";

const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;

const isCode = (path: string): boolean => /\.(tsx?|m?js|css|html|sql|c|h|sh|pl)$/.test(path);

export function checkFileLengths(files: readonly SourceFile[]): readonly Violation[] {
  return files
    .filter(({ path }) => isCode(path))
    .map(({ path, text }) => ({ path, linesCount: text.replace(/\n$/, "").split("\n").length }))
    .filter(({ linesCount }) => linesCount > FILE_LINES_MAX)
    .map(({ path, linesCount }) => ({
      path,
      line: FILE_LINES_MAX + 1,
      message: `has ${linesCount} lines, above ${FILE_LINES_MAX}; move one concept into a file of its own`,
    }));
}

type Span = { readonly start: number; readonly end: number };

/** Functions by their lines from head to closing brace. The callback of `describe` is a chapter, not a function. */
export function checkFunctionLengths(files: readonly SourceFile[]): readonly Violation[] {
  return files.filter(({ path }) => isTypeScript(path)).flatMap((file) => functionsTooLong(file));
}

function functionsTooLong(file: SourceFile): readonly Violation[] {
  const functions: Span[] = [];
  const chapters = new Set<number>();
  const remember = ({ start, end }: Span): void => {
    functions.push({ start, end });
  };
  new Visitor({
    CallExpression(node) {
      if (!/^describe/.test(file.text.slice(node.callee.start, node.callee.end))) return;
      for (const argument of node.arguments) chapters.add(argument.start);
    },
    FunctionDeclaration: remember,
    FunctionExpression: remember,
    ArrowFunctionExpression: remember,
  }).visit(parseSource(file).program);
  return functions
    .filter(({ start }) => !chapters.has(start))
    .map(({ start, end }) => ({ line: lineOf(file.text, start), lastLine: lineOf(file.text, end) }))
    .map(({ line, lastLine }) => ({ line, linesCount: lastLine - line + 1 }))
    .filter(({ linesCount }) => linesCount > FUNCTION_LINES_MAX)
    .map(({ line, linesCount }) => ({
      path: file.path,
      line,
      message: `function of ${linesCount} lines, above ${FUNCTION_LINES_MAX}; name its parts`,
    }));
}
