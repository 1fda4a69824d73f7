/** Colours, tables and boxes for a terminal. */
import { styleText } from 'node:util';
import { displayWidth, pad, shorten } from '../../judge/words/text.ts';

export type Style = (text: string) => string;

const STYLES = ['bold', 'dim', 'inverse', 'red', 'green', 'yellow', 'cyan'] as const;

export type Paint = Record<(typeof STYLES)[number], Style>;

/** The styles; each leaves its text as it is when `color` is false. */
export function paint(color: boolean): Paint {
  const style =
    (name: (typeof STYLES)[number]): Style =>
    (text) =>
      // Whether to colour at all was decided before, for the stream that this goes to.
      color && text !== '' ? styleText(name, text, { validateStream: false }) : text;
  return Object.fromEntries(STYLES.map((name) => [name, style(name)])) as Paint;
}

/** Whether to colour what goes to `stream`: NO_COLOR and FORCE_COLOR decide, else whether it is a capable terminal. */
export function wantsColor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

export interface Column {
  title: string;
  side: 'left' | 'right';
  /** Left out where the terminal is too narrow for all columns; the last one first. */
  optional?: boolean;
}

export interface Cell {
  text: string;
  style?: Style;
}

/** A row of cells, or a line between rows. */
export type Row = (Cell | string)[] | { line: string };

export interface TableOptions {
  width: number;
  paint: Paint;
  /** The column that gives way when the others need the room. */
  flex: number;
  /** What a flexible cell that has not enough room does: lose its end, or take a line of its own. */
  overflow: 'cut' | 'own-line';
  /** The flexible column takes all the width there is. */
  fill?: boolean;
}

const plain: Style = (text) => text;

const GAP = '  ';
/** A flexible column is not squeezed below this; optional columns go first. */
const NARROWEST = 24;

/** Lines of a table, none wider than `width` cells; all columns as wide as their widest cell. */
export function table(
  columns: Column[],
  rows: Row[],
  { width, paint: p, flex, overflow, fill }: TableOptions,
): string[] {
  const cell = (value: Cell | string | undefined): Cell => (typeof value === 'object' ? value : { text: value ?? '' });
  const bodies = rows.filter((row) => Array.isArray(row));
  const natural = columns.map(({ title }, i) =>
    Math.max(displayWidth(title), ...bodies.map((row) => displayWidth(cell(row[i]).text))),
  );
  const shown = columns.map((_, i) => i);
  const fixed = () => shown.reduce((sum, i) => sum + (i === flex ? 0 : natural[i]!) + GAP.length, -GAP.length);
  const leastFlex = Math.min(natural[flex]!, NARROWEST);
  while (fixed() + leastFlex > width) {
    const last = shown.findLastIndex((i) => columns[i]!.optional);
    if (last < 0) break;
    shown.splice(last, 1);
  }
  const widths = [...natural];
  widths[flex] = Math.max(1, fill ? width - fixed() : Math.min(natural[flex]!, width - fixed()));

  const drawCell = ({ text, style = plain }: Cell, i: number, room = widths[i]!) =>
    pad(style(shorten(text, room)), widths[i]!, columns[i]!.side);
  const draw = (cells: Cell[]) => shown.map((i) => drawCell(cells[i]!, i)).join(GAP);
  const lines: string[] = [];
  if (columns.some((c) => c.title !== '')) lines.push(draw(columns.map((c) => ({ text: c.title, style: p.dim }))));
  for (const row of rows) {
    if (!Array.isArray(row)) {
      lines.push(row.line);
      continue;
    }
    const cells = columns.map((_, i) => cell(row[i]));
    if (overflow === 'cut' || displayWidth(cells[flex]!.text) <= widths[flex]!) {
      lines.push(draw(cells));
      continue;
    }
    const before = shown.filter((i) => i < flex);
    const used = before.reduce((sum, i) => sum + widths[i]! + GAP.length, 0);
    const alone = drawCell(cells[flex]!, flex, width - used);
    lines.push([...before.map((i) => drawCell(cells[i]!, i)), alone].join(GAP));
    lines.push(draw(cells.map((c, i) => (i <= flex ? { text: '' } : c))));
  }
  return lines.map((line) => line.trimEnd());
}

const LIGHT = { topLeft: '╭', topRight: '╮', bottomLeft: '╰', bottomRight: '╯', across: '─', side: '│' };
const HEAVY = { topLeft: '┏', topRight: '┓', bottomLeft: '┗', bottomRight: '┛', across: '━', side: '┃' };

/**
 * Lines in a frame of `width` cells. `title` and `note` sit in the upper edge, left and right. Content is cut nowhere: it
 * must be at most `width - 4` cells wide. A line that is `null` is a rule across.
 */
export function box(
  lines: (string | null)[],
  {
    width,
    style,
    heavy,
    title = '',
    note = '',
  }: { width: number; style: Style; heavy: boolean; title?: string; note?: string },
): string[] {
  const c = heavy ? HEAVY : LIGHT;
  const inner = width - 2;
  const left = title === '' ? '' : `${style(c.across)} ${title} `;
  const right = note === '' ? '' : ` ${note} ${style(c.across)}`;
  const between = inner - displayWidth(left) - displayWidth(right);
  return [
    style(c.topLeft) + left + style(c.across.repeat(Math.max(0, between))) + right + style(c.topRight),
    ...lines.map((line) =>
      line === null
        ? style(`├${c.across.repeat(inner)}┤`)
        : `${style(c.side)} ${pad(line, inner - 2, 'left')} ${style(c.side)}`,
    ),
    style(c.bottomLeft + c.across.repeat(inner) + c.bottomRight),
  ];
}
