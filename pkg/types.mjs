// Writes the declarations of each entry as one file, so that the reader of an editor's pop-up and the
// reviewer of a release see the same text.
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const { SyntaxKind } = ts;

/**
 * The file that stands for what all entries export, and the entry that declares it. The others point there:
 * an enum is itself only once.
 */
const SHARED = { name: 'public', entry: 'index' };

/** The declarations of each of `entries`, by name. A file's name is its path from src, without the ending. */
export function declarations(root, entries) {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail };
  const { options, fileNames } = ts.getParsedCommandLineOfConfigFile(`${root}/tsconfig.json`, {}, host);
  const program = ts.createProgram(fileNames, options);
  const problems = ts.getPreEmitDiagnostics(program);
  if (problems.length) fail(problems);
  const files = new Map();
  const nameOf = (path) => relative(join(options.outDir, 'src'), path).slice(0, -'.d.ts'.length);
  program.emit(undefined, (path, text) =>
    files.set(nameOf(path), ts.createSourceFile(path, text, ts.ScriptTarget.Latest)),
  );
  return Object.fromEntries(entries.map((entry) => [entry, flat(files, entry)]));
}

/** The statements of all files that the entry needs, with only the entry's own exports exported. */
function flat(files, entry) {
  const borrows = entry !== SHARED.entry;
  const links = (name) => files.get(name).statements.filter(isLink);
  const follow = (statement, name) => !borrows || source(statement, name) !== SHARED.name;
  const seen = new Set();
  const order = [];
  // Types may name each other in a circle.
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    const sources = links(name)
      .filter((statement) => follow(statement, name))
      .map((statement) => source(statement, name));
    sources.forEach(visit);
    order.push(name);
  };
  visit(entry);
  const names = exported(files, entry, follow).sort().join(', ');
  const body = order
    .flatMap((name) => files.get(name).statements.map((statement) => print(files.get(name), statement)))
    .filter(Boolean);
  const head = links(entry).every((statement) => follow(statement, entry))
    ? []
    : [`export * from './${SHARED.entry}.js';`];
  return [...head, ...body, `export { ${names} };`, ''].join('\n');
}

/** The names that a file exports, through other files too where `follow` allows. */
function exported(files, name, follow) {
  return files.get(name).statements.flatMap((statement) => {
    if (statement.exportClause) return statement.exportClause.elements.map((element) => element.name.text);
    if (statement.kind === SyntaxKind.ExportDeclaration)
      return follow(statement, name) ? exported(files, source(statement, name), follow) : [];
    if (!has(statement, SyntaxKind.ExportKeyword)) return [];
    return (statement.declarationList?.declarations ?? [statement]).map(
      (declaration) => declaration.name.text,
    );
  });
}

/**
 * A statement as it stands, without `export`, without private members (they would make two copies of a class
 * incompatible).
 */
function print(file, statement) {
  if (statement.kind === SyntaxKind.ExportDeclaration || isLink(statement)) return '';
  const cuts = (statement.members ?? []).filter((member) => has(member, SyntaxKind.PrivateKeyword));
  const start = statement.getFullStart();
  const without = (text, member) =>
    text.slice(0, member.getFullStart() - start) + text.slice(member.getEnd() - start);
  let text = cuts.reverse().reduce(without, file.text.slice(start, statement.getEnd()));
  text = text.trim().replace(/^(?:\/\/.*\n+)+/, '');
  return text
    .replace(/^export (?:declare )?(class|function|const|enum)/m, 'declare $1')
    .replace(/^export (interface|type)/m, '$1');
}

/** Whether a statement is an import or export from another file. One from a package stays as it is. */
function isLink(statement) {
  return !!statement.moduleSpecifier?.text.startsWith('.');
}

/** The file that a statement of the file `name` imports from. */
function source(statement, name) {
  return join(dirname(name), statement.moduleSpecifier.text).slice(0, -'.js'.length);
}

function has(node, kind) {
  return node.modifiers?.some((modifier) => modifier.kind === kind);
}

function fail(problems) {
  const host = {
    getCanonicalFileName: String,
    getCurrentDirectory: ts.sys.getCurrentDirectory,
    getNewLine: () => '\n',
  };
  throw new Error(ts.formatDiagnostics([problems].flat(), host));
}
