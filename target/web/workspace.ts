import { fromBase64 } from 'lib0/buffer';
import { AccountsView } from './accounts-view.ts';
import { signOut } from './auth.ts';
import { counted } from './counts.ts';
import { importKey } from './crypto.ts';
import { byId, setText } from './dom.ts';
import { ImportView } from './import-view.ts';
import { InvoicesView } from './invoices-view.ts';
import { Ledger } from './ledger.ts';
import { listen } from './live.ts';
import { Relay } from './relay.ts';
import type { Session } from './session.ts';
import { Sync, type SyncStatus } from './sync.ts';
import { showSync } from './sync-view.ts';
import { TransactionsView } from './transactions-view.ts';

const VIEWS = ['transactions', 'accounts', 'invoices', 'import'] as const;
type View = (typeof VIEWS)[number];

/** The key is in base64. */
export type LedgerSession = Session & { key: string };

// What the next person at this page finds: nothing of the last one's.
const pristine = byId('workspace').cloneNode(true);

/** Shows the ledger of a session until it ends; `onEnd` gets the reason when it was not the user who ended it. */
export async function openWorkspace(session: LedgerSession, onEnd: (reason: string) => void): Promise<void> {
  const closing = new AbortController();
  const { signal } = closing;
  // A device of its own for every loading of the page: a relay gives a device everything but its own changes, and
  // this page has forgotten those.
  const relay = new Relay(crypto.randomUUID(), session.token);
  let frame = 0;

  const ledger = new Ledger(
    (edit) => sync.add(edit),
    ({ transactionIds, remote }) => {
      if (remote && isLoaded()) transactions.markRemote(transactionIds);
      if (frame === 0) frame = requestAnimationFrame(render);
    },
  );
  const sync = new Sync(relay, await importKey(fromBase64(session.key)), (updates) => ledger.merge(updates), onStatus);
  const transactions = new TransactionsView(ledger, isLoaded, signal);
  const accounts = new AccountsView(ledger, signal);
  const invoices = new InvoicesView(ledger, signal);
  new ImportView(ledger, signal);

  // What comes before the first complete pull was there all along, and has not just arrived.
  function isLoaded(): boolean {
    return sync.status.lastSyncAt !== undefined;
  }

  // Only the view that is seen is painted; the others catch up when they are shown.
  function render(): void {
    frame = 0;
    if (signal.aborted) return;
    const view = currentView();
    if (view === 'transactions') transactions.render();
    else if (view === 'accounts') accounts.render();
    else if (view === 'invoices') invoices.render();
  }

  function onStatus(status: SyncStatus): void {
    showSync(status);
    // With changes that exist only here the page stays, and says so.
    if (status.sessionEnded && status.pending === 0) close('Your session has ended. Please sign in again.');
  }

  function close(reason: string): void {
    closing.abort();
    sync.stop();
    byId('workspace').replaceWith(pristine.cloneNode(true));
    onEnd(reason);
  }

  async function leave(): Promise<void> {
    if (sync.status.pending > 0) await sync.now();
    const lost = sync.status.pending + sync.status.rejections.length;
    if (lost > 0 && !confirm(`The server does not have ${counted(lost, 'change')} of yours. Sign out and lose them?`))
      return;
    close('');
    // Here the session is over already; a server that cannot be told lets the token expire.
    await signOut(session).catch(() => undefined);
  }

  function on(target: EventTarget, type: string, listener: (event: Event) => void): void {
    target.addEventListener(type, listener, { signal });
  }

  on(byId('sync-now'), 'click', () => void sync.now());
  on(byId('resend'), 'click', () => void sync.resendRejected());
  on(byId('sign-out'), 'click', () => void leave());
  on(window, 'offline', () => sync.lostNetwork());
  on(window, 'online', () => void sync.now());
  on(window, 'hashchange', () => {
    showView(currentView());
    render();
    byId(`${currentView()}-title`).focus({ preventScroll: true });
    scrollTo(0, 0);
  });
  on(window, 'beforeunload', (event) => {
    if (sync.status.pending > 0) event.preventDefault();
  });

  setText(byId('user-email'), session.email);
  showView(currentView());
  byId('workspace').hidden = false;
  render();
  await sync.now();
  render();
  if (!signal.aborted) listen(relay, () => sync.pull(), signal);
}

function currentView(): View {
  return VIEWS.find((view) => `#${view}` === location.hash) ?? 'transactions';
}

function showView(current: View): void {
  for (const view of VIEWS) byId(view).hidden = view !== current;
  for (const link of byId('views').querySelectorAll('a')) {
    if (link.hash === `#${current}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${byId(`${current}-title`).textContent} · Ledger`;
}
