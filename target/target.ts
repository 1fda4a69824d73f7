import { type Fault, parseFaults as parse } from './core/faults.ts';
import { startServer, type Target, type TargetOptions } from './core/server.ts';
import { families } from './families/index.ts';

export type { Target, TargetOptions } from './core/server.ts';

/** Starts the whole system in this process. @throws {StartError} when it cannot; nothing is left running then. */
export function startTarget(options?: TargetOptions): Promise<Target> {
  return startServer(families, options);
}

/** Reads `TARGET_FAULTS`. @throws {StartError} when a fault or its value is not known. */
export function parseFaults(list: string): Fault[] {
  return parse(list, families);
}
