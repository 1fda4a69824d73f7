const MachineDate = Date;

/**
 * Sets this process's `Date` so far ahead of the machine's clock, or behind it. Timers and `performance.now()` go on as they were, as
 * they do when somebody sets a machine's clock.
 */
export function setClockAhead(aheadMs: number): void {
  const now = () => MachineDate.now() + aheadMs;
  globalThis.Date =
    aheadMs === 0
      ? MachineDate
      : new Proxy(MachineDate, {
          construct: (date, given, of) => Reflect.construct(date, given.length === 0 ? [now()] : given, of),
          apply: (date) => new date(now()).toString(),
          get: (date, name, of) => (name === 'now' ? now : Reflect.get(date, name, of)),
        });
}
