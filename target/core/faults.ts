import { hash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { type FaultContext, isApi } from './faults/fault.ts';
import { kinds } from './faults/registry.ts';
import { duration } from './faults/values.ts';
import { StartError } from './start-error.ts';

/** A fault as it was asked for: what, and how long after the first use of the API it begins. */
export interface Fault {
  name: string;
  install(context: FaultContext): void;
  beginsAfterMs: number;
}

/** Reads `name[=value][@when]`, separated by commas. @throws {StartError} when a fault or its value is not known. */
export function parseFaults(list: string): Fault[] {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
    .map(parseFault);
}

export interface FaultsTarget extends Omit<FaultContext, 'active' | 'onBegin' | 'random'> {
  /** Where random numbers begin: with the same seed a fault decides the same again. */
  seed: number;
}

/** Puts faults in place; call it before routes are added. */
export function installFaults(faults: Fault[], { seed, ...target }: FaultsTarget): void {
  for (const { name, install, beginsAfterMs } of faults) {
    let active = false;
    const actions: (() => void)[] = [];
    const begin = () => {
      active = true;
      for (const action of actions) action();
    };
    atFirstUse(target.app, beginsAfterMs, begin);
    const onBegin = (action: () => void) => actions.push(action);
    install({ ...target, active: () => active, onBegin, random: randomNumbers(seed, name) });
  }
}

function parseFault(entry: string): Fault {
  const [, name, value, when] = /^([^=@]+)(?:=([^@]*))?(?:@(.*))?$/.exec(entry) ?? [];
  const kind = kinds.find((each) => each.name === name);
  if (!kind) {
    const known = kinds.map((each) => each.name).join(', ');
    throw new StartError(
      `TARGET_FAULTS: ${JSON.stringify(entry)} is not a fault; known are ${known}, each as name[=value][@when].`,
    );
  }
  try {
    return { name: kind.name, install: kind.parse(value), beginsAfterMs: when === undefined ? 0 : duration(when) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new StartError(`TARGET_FAULTS: ${JSON.stringify(entry)}: ${error.message}; usage: ${kind.usage}.`);
  }
}

/** The first use of the API is a request or a WebSocket. */
function atFirstUse(app: FastifyInstance, delayMs: number, begin: () => void): void {
  let seen = false;
  let timer: NodeJS.Timeout | undefined;
  const use = ({ url = '' }: { url?: string }) => {
    if (seen || !isApi({ url })) return;
    seen = true;
    if (delayMs === 0) begin();
    else timer = setTimeout(begin, delayMs);
  };
  app.addHook('onRequest', (request, _reply, done) => {
    use(request);
    done();
  });
  app.server.on('upgrade', use);
  app.addHook('onClose', async () => clearTimeout(timer));
}

/** Mulberry32. The fault's name is part of the seed: two faults of one share must not always strike together. */
function randomNumbers(seed: number, name: string): () => number {
  let state = hash('sha1', `${seed} ${name}`, 'buffer').readInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
