/** `docs/reference.md`: every word of support/test.ts, from what its source says of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const root = dirname(import.meta.dirname);

const HEAD = `# Reference

What \`tandem/test\` exports (in Tandem's own repository \`support/test.ts\`), made from the source by \`npm run reference\`. Times are milliseconds unless it
says otherwise. \`expect\`, \`Page\` and \`Locator\` are Playwright's own.
`;

type Declared =
  | ts.FunctionDeclaration
  | ts.ClassDeclaration
  | ts.InterfaceDeclaration
  | ts.TypeAliasDeclaration
  | ts.VariableStatement;

interface Word {
  name: string;
  declared: Declared;
}

const files = new Map<string, ts.SourceFile>();

function sourceOf(path: string): ts.SourceFile {
  let file = files.get(path);
  if (!file) {
    file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
    files.set(path, file);
  }
  return file;
}

/** What a module exports, those that it hands on included; not those of packages. */
function wordsOf(path: string): Word[] {
  return sourceOf(path).statements.flatMap((statement): Word[] => {
    if (ts.isExportDeclaration(statement)) {
      const from = statement.moduleSpecifier as ts.StringLiteral | undefined;
      if (!from?.text.startsWith('.') || !statement.exportClause || !ts.isNamedExports(statement.exportClause))
        return [];
      const known = wordsOf(resolve(dirname(path), from.text));
      return statement.exportClause.elements.map(({ name, propertyName = name }) => {
        const found = known.find((one) => one.name === propertyName.text);
        if (!found) throw new Error(`${path} exports ${name.text}, of which ${from.text} knows nothing.`);
        return { ...found, name: name.text };
      });
    }
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name }) => ({ name: name.getText(), declared: statement }));
    }
    const declared = statement as Exclude<Declared, ts.VariableStatement>;
    return declared.name ? [{ name: declared.name.text, declared }] : [];
  });
}

/** Of a comment, with its links and paragraphs. */
function textOf(comment: string | ts.NodeArray<ts.JSDocComment> | undefined, words: Set<string>): string {
  if (comment === undefined) return '';
  const parts =
    typeof comment === 'string'
      ? [comment]
      : comment.map((part) => {
          if (part.kind === ts.SyntaxKind.JSDocText) return part.text;
          const name = `${(part as ts.JSDocLink).name?.getText() ?? ''}${part.text}`;
          return words.has(name) ? `[\`${name}\`](#${name.toLowerCase()})` : `\`${name}\``;
        });
  const escaped = parts
    .join('')
    .split(/(`[^`]*`)/)
    .map((part, i) => (i % 2 ? part : part.replaceAll('<', '&lt;')));
  // An indented block is code, whose lines stay.
  return escaped
    .join('')
    .split(/\n{2,}/)
    .map((block) => (/^ {4}/.test(block) ? block : block.replaceAll('\n', ' ')))
    .join('\n\n');
}

function docOf(node: ts.Node, words: Set<string>): string {
  const doc = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1);
  if (!doc) return '';
  const tags = (doc.tags ?? []).map((tag) => {
    const what = ts.isJSDocParameterTag(tag) ? `\`${tag.name.getText()}\`: ` : `${tag.tagName.text}: `;
    return `- ${what}${textOf(tag.comment, words)}`;
  });
  return [textOf(doc.comment, words), tags.join('\n')].filter(Boolean).join('\n\n');
}

/** On one line, without comments and what it does. */
function signatureOf(node: ts.Node): string {
  // What a property begins with is no part of what it is.
  const { body, initializer } = node as { body?: ts.Node; initializer?: ts.Node };
  const end = body?.getStart() ?? initializer?.getFullStart() ?? node.end;
  return node
    .getSourceFile()
    .text.slice(node.getStart(), end)
    .replace(/\s=$/, '')
    .replace(/\/\*\*.*?\*\//gs, '')
    .replace(/\b(export|declare|async|override|public) /g, '')
    .replace(/\s+/g, ' ')
    .replace(/,\s*\)/g, ')')
    .replace(/\(\s+/g, '(')
    .replace(/[;\s]+$/, '')
    .replace(/,$/, '');
}

function isOpen(member: ts.ClassElement | ts.TypeElement): boolean {
  if (member.name && ts.isPrivateIdentifier(member.name)) return false;
  const modifiers = ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : [];
  return !modifiers.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.StaticKeyword);
}

function membersOf(declared: ts.ClassDeclaration | ts.InterfaceDeclaration, words: Set<string>): string {
  return [...declared.members]
    .filter(isOpen)
    .map((member) => {
      const doc = docOf(member, words);
      const [first = '', ...more] = doc.startsWith('- ') ? ['', doc] : doc.split('\n\n');
      const signature = signatureOf(member).replace(/^constructor/, `new ${declared.name!.text}`);
      const rest = more.map((block) => `\n${block.replace(/^/gm, '  ')}`).join('\n');
      return `- \`${signature}\`${first && ` — ${first.replace(/\n/g, '\n  ')}`}${rest && `\n${rest}`}`;
    })
    .join('\n');
}

function entryOf({ name, declared }: Word, words: Set<string>): string {
  const doc = docOf(declared, words);
  if (!doc) {
    const file = relative(root, declared.getSourceFile().fileName);
    throw new Error(`${file}: ${name} is exported by support/test.ts, and has no docstring.`);
  }
  const head = `### ${name}`;
  if (ts.isClassDeclaration(declared) || ts.isInterfaceDeclaration(declared)) {
    const above = declared.heritageClauses?.map((clause) => clause.getText()).join(' ');
    return [head, above ? `\`${above}\`` : '', doc, membersOf(declared, words)].filter(Boolean).join('\n\n');
  }
  // How a constant is made is nobody's business but its type's.
  const code = ts.isVariableStatement(declared)
    ? ''
    : `\`\`\`ts\n${signatureOf(declared).replace(/^function /, '')}\n\`\`\``;
  return [head, code, doc].filter(Boolean).join('\n\n');
}

const isType = ({ declared }: Word) => ts.isInterfaceDeclaration(declared) || ts.isTypeAliasDeclaration(declared);

/**
 * The page.
 * @throws one sentence for a word without a docstring
 */
export function reference(): string {
  const all = wordsOf(join(root, 'support', 'test.ts')).sort((a, b) =>
    a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1,
  );
  const words = new Set(all.map(({ name }) => name));
  const part = (title: string, own: Word[]) => [
    `## ${title}`,
    own.map(({ name }) => `[${name}](#${name.toLowerCase()})`).join(' · '),
    ...own.map((word) => entryOf(word, words)),
  ];
  const values = all.filter((word) => !isType(word));
  return `${[HEAD.trim(), ...part('Words', values), ...part('Types', all.filter(isType))].join('\n\n')}\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(join(root, 'docs', 'reference.md'), reference());
