import { once } from 'node:events';
import { lstatSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { StartError } from '../start-error.ts';
import type { System } from './drill.ts';
import { drills } from './registry.ts';

/** Where the target is told to break and mend itself: `POST /begin/<drill>[=<value>]` and `POST /end/<drill>` at a socket of its own. */
export class DrillControl {
  readonly #server: Server;
  readonly #path: string;
  readonly #system: System;

  private constructor(path: string, system: System) {
    this.#path = path;
    this.#system = system;
    this.#server = createServer((request, response) => {
      this.#do(request.url ?? '').then(
        () => response.end(),
        (error: Error) => response.writeHead(409).end(error.message),
      );
    });
  }

  /**
   * @param path of the socket; only this user's processes reach it
   * @throws {StartError} when there can be none
   */
  static async listen(path: string, system: System): Promise<DrillControl> {
    const control = new DrillControl(path, system);
    const refuse = (why: string) => {
      throw new StartError(`TARGET_DRILLS=${path} ${why}; allowed is the path of a socket that can be made.`);
    };
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there && !there.isSocket()) refuse('is there already, and no socket');
    // Of a target that was killed.
    rmSync(path, { force: true });
    const before = process.umask(0o077);
    control.#server.listen(path);
    process.umask(before);
    await once(control.#server, 'listening').catch(({ code }) => refuse(`cannot be listened on (${code})`));
    return control;
  }

  async stop(): Promise<void> {
    // What still lasts must not keep anything from stopping.
    for (const { end } of drills) await (async () => end?.(this.#system))().catch(() => {});
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#path, { force: true });
  }

  async #do(url: string): Promise<void> {
    const [, act, name, value] = /^\/(begin|end)\/([\w-]+)(?:=([\w-]+))?$/.exec(url) ?? [];
    const drill = drills.find((one) => one.name === name);
    if (!drill || (value !== undefined && !drill.values?.includes(value))) throw new Error(`${url} is no drill.`);
    await (act === 'begin' ? drill.begin(this.#system, value) : drill.end?.(this.#system));
  }
}
