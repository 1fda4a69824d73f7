import { signOut } from '../auth.ts';
import { byId, setText } from '../dom.ts';
import { HttpError } from '../http.ts';
import type { Session } from '../session.ts';
import { AgentsView } from './agents-view.ts';
import { StudioApi } from './api.ts';
import type { Context, View } from './context.ts';
import { DeploymentsView } from './deployments-view.ts';
import { PipelinesView } from './pipelines-view.ts';

const VIEWS = ['agents', 'pipelines', 'deployments'] as const;
type ViewName = (typeof VIEWS)[number];

// What the next person at this page finds: nothing of the last one's.
const pristine = byId('workspace').cloneNode(true);

/** Shows the studio of a session until it ends; `onEnd` gets the reason when it was not the user who ended it. */
export function openWorkspace(session: Session, onEnd: (reason: string) => void): void {
  const closing = new AbortController();
  const { signal } = closing;
  const context: Context = { api: new StudioApi(session.token), failed, signal };
  const views: Record<ViewName, View> = {
    agents: new AgentsView(context, () => {
      location.hash = '#deployments';
    }),
    pipelines: new PipelinesView(context),
    deployments: new DeploymentsView(context),
  };

  /** What to tell the user of a call that failed; it ends the session when that is what the server says. */
  function failed(error: unknown): string {
    if (error instanceof HttpError && error.status === 401) close('Your session has ended. Please sign in again.');
    return error instanceof Error ? error.message : String(error);
  }

  function close(reason: string): void {
    if (signal.aborted) return;
    closing.abort();
    byId('workspace').replaceWith(pristine.cloneNode(true));
    history.replaceState(null, '', location.pathname);
    onEnd(reason);
  }

  function showCurrent(): void {
    const current = VIEWS.find((view) => `#${view}` === location.hash) ?? 'agents';
    for (const view of VIEWS) {
      byId(view).hidden = view !== current;
      if (view !== current) views[view].hide();
    }
    views[current].show();
    for (const link of byId('views').querySelectorAll('a')) {
      if (link.hash === `#${current}`) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    const title = byId(`${current}-title`);
    document.title = `${title.textContent} · Studio`;
    title.focus({ preventScroll: true });
  }

  byId('sign-out').addEventListener('click', () => {
    close('');
    // Here the session is over already; a server that cannot be told lets the token expire.
    signOut(session).catch(() => undefined);
  });
  window.addEventListener(
    'hashchange',
    () => {
      showCurrent();
      scrollTo(0, 0);
    },
    { signal },
  );
  setText(byId('user-email'), session.email);
  byId('workspace').hidden = false;
  showCurrent();
}
