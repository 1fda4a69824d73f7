import type { AnyFamily } from './family.ts';
import type { FaultContext, FaultKind, Supervision } from './faults/fault.ts';
import { randomNumbers } from './faults/random-numbers.ts';
import { coreFaults } from './faults/registry.ts';
import { duration } from './faults/values.ts';
import { StartError } from './start-error.ts';

/** A fault as it was asked for: what, and how long after the first use of the API it begins. */
export interface Fault {
  name: string;
  /** Of the family it belongs to; undefined: it is of none. */
  family: string | undefined;
  /** @param context with the parts of the fault's family */
  install(context: FaultContext): void;
  beginsAfterMs: number;
  supervision?: Partial<Supervision> | undefined;
}

/** Reads `name[=value][@when]`, separated by commas; the core's faults and those of the families. @throws {StartError} when a fault or its value is not known. */
export function parseFaults(list: string, families: readonly AnyFamily[]): Fault[] {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
    .map((entry) => parseFault(entry, families));
}

export interface FaultsTarget extends Omit<FaultContext, 'active' | 'onBegin' | 'random'> {
  /** Calls `listener` for each use of the API that the HTTP server does not see. */
  onUse(listener: () => void): void;
  /** What the faults of a family reach into, by its name. */
  parts: ReadonlyMap<string, unknown>;
  /** Where random numbers begin: with the same seed a fault decides the same again. */
  seed: number;
}

/** Puts faults in place; call it before routes are added. */
export function installFaults(faults: Fault[], { seed, parts, ...target }: FaultsTarget): void {
  for (const { name, family, install, beginsAfterMs } of faults) {
    let active = false;
    const actions: (() => void)[] = [];
    const begin = () => {
      active = true;
      for (const action of actions) action();
    };
    atFirstUse(target, beginsAfterMs, begin);
    const onBegin = (action: () => void) => actions.push(action);
    const own = family === undefined ? {} : (parts.get(family) as object);
    install({ ...target, ...own, active: () => active, onBegin, random: randomNumbers(seed, name) });
  }
}

function parseFault(entry: string, families: readonly AnyFamily[]): Fault {
  const [, name, value, when] = /^([^=@]+)(?:=([^@]*))?(?:@(.*))?$/.exec(entry) ?? [];
  const kinds = [{ name: undefined, faults: coreFaults }, ...families].flatMap(({ name: family, faults = [] }) =>
    // What a family's fault reaches into is its own business; see `installFaults`.
    (faults as readonly FaultKind[]).map((kind) => ({ family, kind })),
  );
  const { family, kind } = kinds.find((each) => each.kind.name === name) ?? {};
  if (!kind) {
    const known = kinds
      .map((each) => each.kind.name)
      .toSorted()
      .join(', ');
    throw new StartError(
      `TARGET_FAULTS: ${JSON.stringify(entry)} is not a fault; known are ${known}, each as name[=value][@when].`,
    );
  }
  try {
    const install = kind.parse(value);
    return {
      name: kind.name,
      family,
      install,
      beginsAfterMs: when === undefined ? 0 : duration(when),
      supervision: kind.supervision,
    };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new StartError(`TARGET_FAULTS: ${JSON.stringify(entry)}: ${error.message}; usage: ${kind.usage}.`);
  }
}

/** The first use of the API is a request, a WebSocket, or what a family notes as one. */
function atFirstUse(
  { app, isApi, onUse }: Pick<FaultsTarget, 'app' | 'isApi' | 'onUse'>,
  delayMs: number,
  begin: () => void,
): void {
  let seen = false;
  let timer: NodeJS.Timeout | undefined;
  const first = () => {
    if (seen) return;
    seen = true;
    if (delayMs === 0) begin();
    else timer = setTimeout(begin, delayMs);
  };
  const use = ({ url = '' }: { url?: string }) => {
    if (!seen && isApi({ url })) first();
  };
  onUse(first);
  app.addHook('onRequest', (request, _reply, done) => {
    use(request);
    done();
  });
  app.server.on('upgrade', use);
  app.addHook('onClose', async () => clearTimeout(timer));
}
