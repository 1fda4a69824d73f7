/** What a process says about itself. */
export interface ProcessFigures {
  /** Of one core: two busy cores are 200. */
  cpuPercent: number;
  memoryBytes: number;
  /** WebSockets that are open. */
  connections: number;
  /** How many want to be told of these figures. */
  listeners: number;
}

/** Takes a process's figures again and again. */
export class ProcessMonitor {
  readonly #count: () => Pick<ProcessFigures, 'connections' | 'listeners'>;
  readonly #timer: NodeJS.Timeout;
  #figures: ProcessFigures = { cpuPercent: 0, memoryBytes: 0, connections: 0, listeners: 0 };
  #cpu = process.cpuUsage();
  #takenAt = performance.now();

  /** @param report is called with every new figures */
  constructor(
    everyMs: number,
    count: () => Pick<ProcessFigures, 'connections' | 'listeners'>,
    report: (figures: ProcessFigures) => void,
  ) {
    this.#count = count;
    this.#timer = setInterval(() => report(this.#take()), everyMs).unref();
    this.#take();
  }

  /** The last that were taken. */
  get figures(): ProcessFigures {
    return this.#figures;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #take(): ProcessFigures {
    const { user, system } = process.cpuUsage(this.#cpu);
    const elapsedMs = performance.now() - this.#takenAt;
    this.#cpu = process.cpuUsage();
    this.#takenAt += elapsedMs;
    const cpuPercent = elapsedMs === 0 ? 0 : (user + system) / 10 / elapsedMs;
    this.#figures = { cpuPercent, memoryBytes: process.memoryUsage.rss(), ...this.#count() };
    return this.#figures;
  }
}

/** Tells the sum over all processes of a target, as long as somebody listens. */
export class TargetFigures {
  readonly #tell: (sum: ProcessFigures) => Promise<void>;
  readonly #timer: NodeJS.Timeout;
  readonly #processes = new Map<number, ProcessFigures>();
  #telling = Promise.resolve();

  constructor(everyMs: number, tell: (sum: ProcessFigures) => Promise<void>) {
    this.#tell = tell;
    this.#timer = setInterval(() => {
      // A database that does not answer has its own words elsewhere: then there is no news.
      this.#telling = this.#tellSum().catch(() => {});
    }, everyMs).unref();
  }

  /** Replaces what is known of a process; the only one has no number. */
  report(figures: ProcessFigures, process = 0): void {
    this.#processes.set(process, figures);
  }

  /** A process is gone. */
  forget(process: number): void {
    this.#processes.delete(process);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#telling;
  }

  async #tellSum(): Promise<void> {
    const processes = [...this.#processes.values()];
    const sum = (figure: keyof ProcessFigures) => processes.reduce((total, each) => total + each[figure], 0);
    if (sum('listeners') === 0) return;
    await this.#tell({
      cpuPercent: sum('cpuPercent'),
      memoryBytes: sum('memoryBytes'),
      connections: sum('connections'),
      listeners: sum('listeners'),
    });
  }
}
