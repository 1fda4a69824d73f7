import { signOut } from '../auth.ts';
import { byId, setText } from '../dom.ts';
import { HttpError } from '../http.ts';
import { Loader } from '../loader.ts';
import type { Session } from '../session.ts';
import { listen } from './channel.ts';
import { ControlPlane, type Migration } from './control-plane.ts';
import { Fleet, type VmEvent } from './fleet.ts';
import { VmForm } from './vm-form.ts';
import { VmTable } from './vm-table.ts';

const COMPLETE_AFTER_MS = 250;

// What the next person at this page finds: nothing of the last one's.
const pristine = byId('workspace').cloneNode(true);

/** Shows the VMs of a session until it ends; `onEnd` gets the reason when it was not the user who ended it. */
export function openWorkspace(session: Session, onEnd: (reason: string) => void): void {
  const closing = new AbortController();
  const { signal } = closing;
  const { token } = session;
  const plane = new ControlPlane(token);
  const fleet = new Fleet();
  const live = { vms: false, migrations: false };
  const problems = { vms: '', migrations: '' };
  let frame = 0;
  let completing = false;

  const vms = new Loader(async () => {
    const since = fleet.now;
    fleet.replaceAll(await plane.vms(), since);
  }, onLoad('vms'));
  const migrations = new Loader(async () => {
    for (const migration of await plane.migrations()) fleet.hearMigration(migration);
  }, onLoad('migrations'));
  const actions = { plane, fleet, changed, failed };
  const table = new VmTable(actions, signal);
  new VmForm(actions, signal);

  function changed(): void {
    if (frame === 0) frame = requestAnimationFrame(render);
  }

  function render(): void {
    frame = 0;
    if (!signal.aborted) table.render(vms.hasLoaded);
  }

  /** What to tell the user of a call that failed; it ends the session when that is what the server says. */
  function failed(error: unknown): string {
    if (error instanceof HttpError && error.status === 401) close('Your session has ended. Please sign in again.');
    return error instanceof Error ? error.message : String(error);
  }

  function onLoad(what: keyof typeof problems): (error: unknown) => void {
    return (error) => {
      if (signal.aborted) return;
      problems[what] = error === undefined ? '' : `This list may be out of date. ${failed(error)}`;
      table.loadProblem = problems.vms || problems.migrations;
      changed();
    };
  }

  function onVm(event: VmEvent): void {
    fleet.hear(event);
    if (!completing && fleet.isIncomplete) {
      completing = true;
      setTimeout(complete, COMPLETE_AFTER_MS);
    }
    changed();
  }

  // Most VMs that only an event told of were made here, and the answer was on its way.
  function complete(): void {
    completing = false;
    if (fleet.isIncomplete) vms.load();
  }

  function onMigration(migration: Migration): void {
    if (fleet.hearMigration(migration)) table.tellEnd(migration);
    changed();
  }

  function showLive(part: Partial<typeof live>): void {
    Object.assign(live, part);
    const all = live.vms && live.migrations;
    const state = byId('live-state');
    state.dataset.state = all ? 'live' : 'connecting';
    setText(state, all ? 'Live' : 'Connecting');
  }

  function close(reason: string): void {
    if (signal.aborted) return;
    closing.abort();
    vms.stop();
    migrations.stop();
    byId('workspace').replaceWith(pristine.cloneNode(true));
    onEnd(reason);
  }

  byId('sign-out').addEventListener('click', () => {
    close('');
    // Here the session is over already; a server that cannot be told lets the token expire.
    signOut(session).catch(() => undefined);
  });
  setText(byId('user-email'), session.email);
  document.title = 'Virtual machines · Console';
  byId('workspace').hidden = false;
  render();
  listen<VmEvent>(
    {
      path: '/realtime',
      channel: 'vm_status',
      token,
      onEvent: onVm,
      onGap: () => vms.load(),
      onLive: (isLive) => showLive({ vms: isLive }),
    },
    signal,
  );
  listen<Migration>(
    {
      path: '/dwcp/v3/stream',
      channel: 'migrations',
      token,
      onEvent: onMigration,
      onGap: () => migrations.load(),
      onLive: (isLive) => showLive({ migrations: isLive }),
    },
    signal,
  );
}
