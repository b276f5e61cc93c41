// Writes the declarations of each entry as one file, so that the reader of an editor's pop-up and the reviewer of a release see the same text.
import { basename } from 'node:path';
import ts from 'typescript';

const { SyntaxKind } = ts;

/** The file that stands for what all entries export, and the entry that declares it. The others point there: an enum is itself only once. */
const SHARED = { name: 'public', entry: 'index' };

/** The declarations of each of `entries` (names of source files). */
export function declarations(root, entries) {
  const { options, fileNames } = ts.getParsedCommandLineOfConfigFile(`${root}/tsconfig.json`, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail });
  const program = ts.createProgram(fileNames, options);
  const problems = ts.getPreEmitDiagnostics(program);
  if (problems.length) fail(problems);
  const files = new Map();
  program.emit(undefined, (path, text) => files.set(basename(path, '.d.ts'), ts.createSourceFile(path, text, ts.ScriptTarget.Latest)));
  return Object.fromEntries(entries.map((entry) => [entry, flat(files, entry)]));
}

/** The entry and all it imports, in order of import, with only the entry's exports exported. */
function flat(files, entry) {
  const seen = new Set();
  const names = new Set();
  const visit = (name) => {
    if (seen.has(name)) return [];
    seen.add(name);
    const file = files.get(name);
    const own = file.statements.filter((statement) => !statement.moduleSpecifier).map((statement) => print(file, statement));
    return [...file.statements.flatMap((statement) => (statement.moduleSpecifier ? visit(source(statement)) : [])), ...own];
  };
  if (entry !== SHARED.entry) seen.add(SHARED.name);
  const body = visit(entry).filter(Boolean);
  exported(files, entry, names, entry);
  const shared = files.get(entry).statements.some((statement) => statement.moduleSpecifier && source(statement) === SHARED.name);
  if (shared && entry !== SHARED.entry) body.unshift(`export * from './${SHARED.entry}.js';`);
  return `${body.join('\n')}\nexport { ${[...names].sort().join(', ')} };\n`;
}

function exported(files, name, names, entry) {
  for (const statement of files.get(name).statements) {
    if (statement.kind === SyntaxKind.ExportDeclaration && statement.moduleSpecifier) {
      const { exportClause } = statement;
      if (exportClause) exportClause.elements.forEach((element) => names.add(element.name.text));
      else if (source(statement) !== SHARED.name || entry === SHARED.entry) exported(files, source(statement), names, entry);
    } else if (isExported(statement)) {
      (statement.declarationList?.declarations ?? [statement]).forEach((declaration) => names.add(declaration.name.text));
    }
  }
}

/** A statement as it stands, without `export`, without private members (they would make two copies of a class incompatible). */
function print(file, statement) {
  if (statement.kind === SyntaxKind.ExportDeclaration) return '';
  const cuts = (statement.members ?? []).filter((member) => has(member, SyntaxKind.PrivateKeyword)).map((member) => [member.getFullStart(), member.getEnd()]);
  let text = file.text.slice(statement.getFullStart(), statement.getEnd());
  for (const [from, to] of cuts.reverse()) text = text.slice(0, from - statement.getFullStart()) + text.slice(to - statement.getFullStart());
  text = text.trim().replace(/^(?:\/\/.*\n+)+/, '');
  return text.replace(/^export (?:declare )?(class|function|const|enum)/m, 'declare $1').replace(/^export (interface|type)/m, '$1');
}

function source(statement) {
  return basename(statement.moduleSpecifier.text, '.js');
}

function isExported(statement) {
  return has(statement, SyntaxKind.ExportKeyword);
}

function has(node, kind) {
  return node.modifiers?.some((modifier) => modifier.kind === kind);
}

function fail(problems) {
  throw new Error(ts.formatDiagnostics([problems].flat(), { getCanonicalFileName: String, getCurrentDirectory: ts.sys.getCurrentDirectory, getNewLine: () => '\n' }));
}
