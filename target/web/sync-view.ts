import { counted } from './counts.ts';
import { formatTime } from './dates.ts';
import { byId, element, setText } from './dom.ts';
import type { SyncStatus } from './sync.ts';

const REJECTED_SHOWN = 5;

/** Paints the sync indicator, and the notice of everything the user must know of: nothing is dropped silently. */
export function showSync(status: SyncStatus): void {
  const state = byId('sync-state');
  state.dataset.state = status.state;
  setText(state, stateText(status));
  const last = status.lastSyncAt ? `Last sync ${formatTime(status.lastSyncAt)}` : '';
  setText(byId('sync-detail'), status.state === 'offline' ? (status.problem ?? '') : last);
  showNotice(status);
}

function stateText({ state, pending, rejections }: SyncStatus): string {
  switch (state) {
    case 'synced':
      return 'Synced';
    case 'syncing':
      return 'Syncing';
    case 'pending':
      return `Pending ${pending}`;
    case 'rejected':
      return `Rejected ${rejections.length}`;
    case 'offline':
      return pending > 0 ? `Offline, ${pending} pending` : 'Offline';
  }
}

function showNotice({ rejections, unreadable, sessionEnded, pending }: SyncStatus): void {
  const titles: string[] = [];
  if (sessionEnded) titles.push(`Your session has ended before ${counted(pending, 'change')} reached the server.`);
  if (rejections.length > 0) titles.push(`The server rejected ${counted(rejections.length, 'change')} of yours.`);
  if (unreadable > 0) titles.push(`Your password does not open ${counted(unreadable, 'change')} of other devices.`);
  setText(byId('notice-title'), titles.join(' '));
  const lines = rejections
    .slice(0, REJECTED_SHOWN)
    .map(({ change, reason }) => `${change.operation.toLowerCase()} ${change.entity_type}: ${reason}`);
  if (rejections.length > lines.length) lines.push(`and ${rejections.length - lines.length} more`);
  const list = byId('notice-list');
  // An alert is read aloud whenever it changes: leave it alone while it says the same.
  if (list.textContent !== lines.join('')) list.replaceChildren(...lines.map((line) => element('li', '', line)));
  byId('resend').hidden = rejections.length === 0;
  byId('notice').hidden = titles.length === 0;
}
