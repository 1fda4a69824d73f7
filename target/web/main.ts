import { toBase64 } from 'lib0/buffer';
import { deriveKey } from './crypto.ts';
import { SessionStore } from './session.ts';
import { SignIn } from './sign-in.ts';
import { type LedgerSession, openWorkspace } from './workspace.ts';

const store = new SessionStore<LedgerSession>('session');
const signIn = new SignIn('Ledger', async (enter, email, password) => {
  const [session, key] = await Promise.all([enter(email, password), deriveKey(email, password)]);
  await open({ ...session, key: toBase64(key) });
});

async function open(session: LedgerSession): Promise<void> {
  store.save(session);
  signIn.hide();
  await openWorkspace(session, (reason) => {
    store.clear();
    history.replaceState(null, '', location.pathname);
    signIn.show(reason);
  });
}

const session = store.load();
// Browsers give pages WebCrypto only on https and on the machine's own address.
if (!globalThis.isSecureContext) signIn.show('This page can only encrypt on https:// or on localhost.');
else if (session) void open(session);
else signIn.show('');
