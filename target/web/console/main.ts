import { type Session, SessionStore } from '../session.ts';
import { SignIn } from '../sign-in.ts';
import { openWorkspace } from './workspace.ts';

const store = new SessionStore<Session>('console-session');
const signIn = new SignIn('Console', async (enter, email, password) => open(await enter(email, password)));

async function open(session: Session): Promise<void> {
  store.save(session);
  signIn.hide();
  await openWorkspace(session, (reason) => {
    store.clear();
    signIn.show(reason);
  });
}

const session = store.load();
if (session) void open(session);
else signIn.show('');
