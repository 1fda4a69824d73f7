import { oneOf, type Setting, settings } from '../../support/family.ts';
import { addHeader, type Headers, TargetError } from './target.ts';
import { formats, TargetsFile } from './targets-file.ts';

/** A file's path, from the folder that the run is started in. */
const file = (variable: string): Setting<string | undefined> => ({
  variable,
  allowed: 'the path of a file',
  parse: (text) => text.trim() || undefined,
  byDefault: () => undefined,
});

export const attackSettings = settings({
  /** What is attacked; without it, and on the embedded target alone, some of its pages. */
  targets: { ...file('LOAD_TARGETS'), leadsTo: (path) => new TargetsFile(path).firstOrigin() },
  format: oneOf('LOAD_TARGETS_FORMAT', formats),
  /** Of every target, beside its own. */
  headers: headersIn('LOAD_HEADERS'),
  /** Of every target that has none. */
  body: file('LOAD_BODY'),
});

/** `<name>: <value>`, one a line. */
function headersIn(variable: string): Setting<Headers> {
  return {
    variable,
    allowed: '<name>: <value>, one a line',
    secret: true,
    parse: headersOf,
    byDefault: () => ({}),
  };
}

/** Undefined when they are none. */
export function headersOf(text: string): Headers | undefined {
  const headers: Headers = {};
  try {
    for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
      const colon = line.indexOf(':');
      const value = line.slice(colon + 1).trim();
      if (colon < 1 || value === '') return undefined;
      addHeader(headers, line.slice(0, colon).trim(), value, 1);
    }
    return headers;
  } catch (error) {
    if (error instanceof TargetError) return undefined;
    throw error;
  }
}
