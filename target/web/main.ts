import { register, signIn } from './auth.ts';
import { byId, control, setText } from './dom.ts';
import { clearSession, loadSession, type Session, saveSession } from './session.ts';
import { openWorkspace } from './workspace.ts';

const form = byId<HTMLFormElement>('sign-in-form');
const error = byId('sign-in-error');

function showSignIn(reason: string): void {
  setText(error, reason);
  document.title = 'Sign in · Ledger';
  byId('welcome').hidden = false;
  control(form, 'email').focus();
}

async function open(session: Session): Promise<void> {
  byId('welcome').hidden = true;
  await openWorkspace(session, (reason) => {
    clearSession();
    history.replaceState(null, '', location.pathname);
    showSignIn(reason);
  });
}

async function submit(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const enter = (event.submitter as HTMLButtonElement | null)?.value === 'register' ? register : signIn;
  // Lower case, because the e-mail is part of the key.
  const email = control(form, 'email').value.trim().toLowerCase();
  const buttons = [...form.querySelectorAll('button')];
  for (const button of buttons) button.disabled = true;
  setText(error, '');
  try {
    const session = await enter(email, control(form, 'password').value);
    saveSession(session);
    form.reset();
    await open(session);
  } catch (reason) {
    setText(error, reason instanceof Error ? reason.message : String(reason));
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

form.addEventListener('submit', submit);
const session = loadSession();
// Browsers give pages WebCrypto only on https and on the machine's own address.
if (!globalThis.isSecureContext) showSignIn('This page can only encrypt on https:// or on localhost.');
else if (session) void open(session);
else showSignIn('');
