// Which globals of a page a script names: by its syntax tree, so that one that is new cannot be overlooked.

import vm from 'node:vm';
import ts from 'typescript';

/** What every engine has, a worklet's too. */
const LANGUAGE = new Set(
  vm
    .runInNewContext('Object.getOwnPropertyNames(globalThis)')
    .filter((name) => !['WebAssembly', 'FinalizationRegistry', 'console'].includes(name)),
);

/** The names that are free in a bundle, or read from `globalThis`, and are not the language's. */
export function namedIn(path) {
  const program = ts.createProgram([path], {
    allowJs: true,
    noResolve: true,
    noEmit: true,
    types: [],
    target: ts.ScriptTarget.ESNext,
    lib: ['lib.esnext.d.ts', 'lib.dom.d.ts'],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(path);
  const names = new Set();
  const isOwn = (symbol) =>
    symbol?.declarations?.some((declaration) => declaration.getSourceFile() === source);
  const visit = (node) => {
    if (ts.isIdentifier(node) && (isFree(node) ? !isOwn(checker.getSymbolAtLocation(node)) : isRead(node)))
      names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...names].filter((name) => !LANGUAGE.has(name)).sort();
}

/** Every name that a browser has. */
export function namesOfBrowsers() {
  const file = 'empty.ts';
  const host = ts.createCompilerHost({});
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...more) =>
    name === file
      ? ts.createSourceFile(name, 'export const all = globalThis;', ts.ScriptTarget.ESNext, true)
      : getSourceFile(name, ...more);
  const program = ts.createProgram([file], { types: [], lib: ['lib.esnext.d.ts', 'lib.dom.d.ts'] }, host);
  const checker = program.getTypeChecker();
  const { symbol } = checker.getTypeAtLocation(
    program.getSourceFile(file).statements[0].declarationList.declarations[0].name,
  );
  return [...symbol.exports.keys()].map(String).filter((name) => /^\w+$/.test(name) && !LANGUAGE.has(name));
}

/** Not a name behind a dot or in front of a colon. */
function isFree(node) {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isBindingElement(parent)) return parent.propertyName !== node;
  if (ts.isShorthandPropertyAssignment(parent)) return false;
  return !(
    parent.name === node &&
    (ts.isPropertyAssignment(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isAccessor(parent))
  );
}

/** `globalThis.name`, and `{ name } = globalThis`. */
function isRead({ parent }) {
  if (ts.isPropertyAccessExpression(parent)) return parent.expression.text === 'globalThis';
  return ts.isBindingElement(parent) && parent.parent.parent.initializer?.text === 'globalThis';
}
