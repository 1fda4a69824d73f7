import type { FastifyInstance } from 'fastify';
import { type FaultContext, isApi } from './faults/fault.ts';
import { kinds } from './faults/registry.ts';
import { duration } from './faults/values.ts';
import { StartError } from './start-error.ts';

/** A fault as it was asked for: what, and how long after the first API request it begins. */
export interface Fault {
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

/** Puts faults in place; call it before routes are added. */
export function installFaults(app: FastifyInstance, faults: Fault[]): void {
  for (const { install, beginsAfterMs } of faults) {
    let active = false;
    const actions: (() => void)[] = [];
    const begin = () => {
      active = true;
      for (const action of actions) action();
    };
    atFirstApiRequest(app, beginsAfterMs, begin);
    install({ app, active: () => active, onBegin: (action) => actions.push(action), random: randomNumbers() });
  }
}

function parseFault(entry: string): Fault {
  const [, name, value, when] = /^([^=@]+)(?:=([^@]*))?(?:@(.*))?$/.exec(entry) ?? [];
  const kind = kinds.find((each) => each.name === name);
  if (!kind) {
    const known = kinds.map((each) => each.usage).join(', ');
    throw new StartError(
      `TARGET_FAULTS: ${JSON.stringify(entry)} is not a fault; known are ${known}, each with @<when>.`,
    );
  }
  try {
    return { install: kind.parse(value), beginsAfterMs: when === undefined ? 0 : duration(when) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new StartError(`TARGET_FAULTS: ${JSON.stringify(entry)}: ${error.message}; usage: ${kind.usage}.`);
  }
}

function atFirstApiRequest(app: FastifyInstance, delayMs: number, begin: () => void): void {
  let seen = false;
  let timer: NodeJS.Timeout | undefined;
  app.addHook('onRequest', (request, _reply, done) => {
    if (!seen && isApi(request)) {
      seen = true;
      if (delayMs === 0) begin();
      else timer = setTimeout(begin, delayMs);
    }
    done();
  });
  app.addHook('onClose', async () => clearTimeout(timer));
}

/** Mulberry32 with a fixed seed: a test that a fault makes fail does so again. */
function randomNumbers(): () => number {
  let state = 0x7a6d;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
