import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type SliceId, sliceName } from '../measure/slice.ts';
import { ownPlace } from '../report/failure.ts';
import { workUnderWay } from '../worker/soft-failures.ts';

/** A process that can say where it is needs less. */
const LIMIT_MS = 2_000;

/** What Node says to standard error of its inspector. */
const LISTENING = /Debugger listening on (ws:\/\/\S+)/;
const OWN_WORDS = /^(Debugger listening on .*|For help, see: .*|Debugger attached\.|Debugger ending on .*)\n?/gm;

/** Asked where the process stands: the work that is under way, and a stack in the author's own lines. */
const QUESTION = `(() => {
  Error.stackTraceLimit = 100;
  return JSON.stringify({ work: globalThis[Symbol.for('${workUnderWay}')]?.(), stack: new Error().stack });
})()`;

/**
 * Where a slice is stuck whose event loop is blocked. Nothing that it could be told reaches it, but for SIGUSR1, at which Node
 * opens V8's inspector on a thread of its own: it stops at what is being executed, and tells. Until then it costs nothing.
 */
export class Inspection {
  readonly #root: string;
  readonly #limitMs: number;
  /** Slices that are asked, and who waits for the address at which each listens. */
  readonly #asked = new Map<string, (url: string) => void>();

  /** @param root the project's folder */
  constructor(root: string, limitMs = LIMIT_MS) {
    this.#root = root;
    this.#limitMs = limitMs;
  }

  /** What the process of slices wrote to standard error. @returns it without what the inspector said there */
  hear(ids: readonly SliceId[], text: string): string {
    const answer = ids.map((id) => this.#asked.get(sliceName(id))).find((asked) => asked !== undefined);
    if (!answer) return text;
    const [, url] = LISTENING.exec(text) ?? [];
    if (url) answer(url);
    return text.replace(OWN_WORDS, '');
  }

  /**
   * Such as `operation get, in parse (protocol/ping.load.ts:14)`. The process stands still until it is ended, or this is.
   * @returns undefined when it does not tell, such as one that was stopped, or that waits for the system
   */
  async placeOf(id: SliceId, pid: number): Promise<string | undefined> {
    const over = new AbortController();
    const address = new Promise<string>((resolve) => this.#asked.set(sliceName(id), resolve));
    const asking = async () => {
      process.kill(pid, 'SIGUSR1');
      return ask(await address, this.#root, over.signal);
    };
    try {
      return await Promise.race([asking(), sleep(this.#limitMs, undefined, { signal: over.signal })]);
    } catch {
      return undefined; // whatever it is, it does not tell
    } finally {
      over.abort();
    }
  }
}

interface Answer {
  /** The work, such as `operation get`. */
  work?: string;
  stack: string;
}

/** Undefined where nothing of the author's is executed. */
function placeIn({ work, stack }: Answer, root: string): string | undefined {
  // The question itself is the innermost of the stack.
  const own = ownPlace(stack.replace(/^.*eval at .*$/gm, ''), root);
  if (!own) return undefined;
  const what = [work, own.name && `in ${own.name}`].filter(Boolean).join(', ');
  return what === '' ? own.at : `${what} (${own.at})`;
}

interface Paused {
  callFrames: { callFrameId: string; functionName: string }[];
}

/** Node's call by which it hears of the inspector's wish, with an asynchronous context of its own: no work is under way in it. */
const OWN_CALL = 'callbackTrampoline';

/** Speaks the inspector's protocol (https://chromedevtools.github.io/devtools-protocol/v8/Debugger): pause, then ask. */
function ask(url: string, root: string, over: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    over.addEventListener('abort', () => socket.terminate());
    const send = (id: number, method: string, params = {}) => socket.send(JSON.stringify({ id, method, params }));
    const pause = () => send(2, 'Debugger.pause');
    /** From the innermost outwards. */
    let frames: Paused['callFrames'] = [];
    const askNext = () => {
      const callFrameId = frames[0]?.callFrameId;
      // A loop that awaits may be between two of its turns: then nobody can tell.
      if (!callFrameId) throw new Error('nothing of the author’s is executed');
      send(3, 'Debugger.evaluateOnCallFrame', { callFrameId, expression: QUESTION, returnByValue: true });
    };
    const hear = (data: unknown) => {
      const { id, method, params, result } = JSON.parse(String(data));
      if (method === 'Debugger.paused') {
        frames = (params as Paused).callFrames;
        if (frames[0]?.functionName === OWN_CALL) send(4, 'Debugger.resume');
        else askNext();
      } else if (method === 'Debugger.resumed') {
        pause();
      } else if (id === 3) {
        frames.shift();
        // Node's own functions do not have what the question needs.
        const place = result?.result?.type === 'string' ? placeIn(JSON.parse(result.result.value), root) : undefined;
        if (place === undefined) askNext();
        else resolve(place);
      }
    };
    socket.on('error', reject);
    socket.on('open', () => {
      send(1, 'Debugger.enable');
      pause();
    });
    socket.on('message', (data) => {
      try {
        hear(data);
      } catch (error) {
        reject(error);
      }
    });
  });
}
