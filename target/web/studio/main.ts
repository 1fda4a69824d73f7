import { type Session, SessionStore } from '../session.ts';
import { SignIn } from '../sign-in.ts';
import { openWorkspace } from './workspace.ts';

const store = new SessionStore<Session>('studio-session');
const signIn = new SignIn('Studio', async (enter, email, password) => open(await enter(email, password)));

function open(session: Session): void {
  store.save(session);
  signIn.hide();
  openWorkspace(session, (reason) => {
    store.clear();
    signIn.show(reason);
  });
}

const session = store.load();
if (session) open(session);
else signIn.show('');
