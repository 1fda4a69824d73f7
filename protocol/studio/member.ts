import { setTimeout as wait } from 'node:timers/promises';
import { type Account, type LifecycleEvidence, ResourceHistory, secret, type Vu } from '../../support/test.ts';
import type { Id } from '../apis/id.ts';
import type { HttpClient } from '../transports/http.ts';
import { NO_CALL, type Reply, type Resource, StudioApi, type Tokens, type User } from './api.ts';

/** Of a token's life; the rest is for what is under way. */
const REFRESH_AFTER = 0.8;

/** Of a token's life, after its end: clocks differ, and some servers are lenient for a while. */
const LENIENCE = 0.1;
const LEAST_LENIENCE_MS = 250;

interface Session {
  /** Its place among those of its VU. */
  counter: number;
  token: string;
  refreshToken: string;
  /** On `performance.now()`'s clock. */
  refreshAt: number;
  /** Likewise: whoever lets its token in then has forgotten that it ends. */
  outdatedAt: number;
}

/** The clients of a slice. */
export interface Clients {
  readonly http: HttpClient;
  /** For what is no part of the load. */
  readonly unmeasured: HttpClient;
  /** How long people pause after what they do, on average; 0: not at all. */
  readonly thinkTimeMs: number;
  /** Of which organisation is whoever gives such names; undefined when nobody knows. */
  organizationOf(name: string): Id | undefined;
}

/** What became of the sessions of a VU's users, and what they were shown. */
class Sessions {
  readonly history = new ResourceHistory();
  #count = 0;

  begin(): number {
    this.#count += 1;
    this.history.created(this.#count);
    return this.#count;
  }
}

/** A user of the studio with an organisation of their own: signs in and out, keeps the token fresh, and looks whom it lets in. */
export class Member {
  readonly api: StudioApi;
  readonly account: Account;
  /** Known once somebody was signed in. */
  organization: Id | undefined;
  readonly #clients: Clients;
  readonly #vu: Vu;
  /** Whose checks count now. */
  #measured: Vu;
  readonly #sessions: Sessions;
  #session: Session | undefined;
  /** Left alone until its time is over. */
  #expiring: Session | undefined;
  #renewals = 0;
  /** The studio has a call for it, as far as is known. */
  #refreshes = true;
  /** The last that was ended, and whose token is refused since. */
  #ended: { session: Session; lastWrite: string } | undefined;

  constructor(clients: Clients, vu: Vu, account: Account, sessions = new Sessions()) {
    this.api = new StudioApi(clients.http, vu);
    this.account = account;
    this.#clients = clients;
    this.#vu = vu;
    this.#measured = vu;
    this.#sessions = sessions;
  }

  /** Somebody else of the same VU's, who has no account yet. */
  newcomer(account: Account): Member {
    return new Member(this.#clients, this.#vu, account, this.#sessions);
  }

  /** Does something that is no part of the load. */
  async unmeasured<T>(work: () => Promise<T>): Promise<T> {
    this.#use(this.#clients.unmeasured, this.#vu.unmeasured());
    try {
      return await work();
    } finally {
      this.#use(this.#clients.http, this.#vu);
    }
  }

  /**
   * Makes the account, and is signed in from then on.
   * @param mayExist who has one already signs in to it
   * @returns whether somebody is signed in
   */
  async signUp(mayExist = false): Promise<boolean> {
    const { result, status, value } = await this.api.register(this.account, mayExist);
    // That it exists is a 409, a 400 or a 422.
    const mayBeThere = result === 'refused' || status === 409;
    return mayExist && mayBeThere ? this.signIn() : this.#begin(value, 'register');
  }

  async signIn(): Promise<boolean> {
    this.api.token = undefined;
    const { value } = await this.api.login(this.account);
    return this.#begin(value, 'login');
  }

  /**
   * Signed in, with a token that lasts for a while: refreshed, or by a new login where it or its refreshment was refused, or there
   * is none. Of two that have to be renewed one is left to expire, as that of somebody who comes back the next day, and must be
   * refused then.
   * @returns false when the target lets nobody in, which is a failed check by then
   */
  async isSignedIn(): Promise<boolean> {
    const session = this.#session;
    if (!session || this.api.token === undefined) return this.signIn();
    await this.#lookAtExpired();
    if (performance.now() < session.refreshAt) return true;
    this.#renewals += 1;
    if (this.#renewals % 2 === 1 && !this.#expiring) {
      this.#expiring = session;
      return this.signIn();
    }
    const refreshed = this.#refreshes ? await this.api.refresh(session.refreshToken) : undefined;
    if (refreshed && NO_CALL.includes(refreshed.status)) this.#refreshes = false;
    if (!refreshed?.value) return this.signIn();
    this.#keep(session.counter, refreshed.value);
    return true;
  }

  /** Signs out, and looks whether the token is refused from then on. */
  async signOut(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const { result, status } = await this.api.logout(session.refreshToken);
    // Nobody knows whether it has ended: its token tells nothing then.
    if (result !== 'done') return;
    this.#session = undefined;
    this.#sessions.history.deleted(session.counter);
    // It was refused before, which is no merit of the logout.
    if (this.api.token === undefined) return;
    const lastWrite = `logout → ${status}`;
    const isRefused = await this.#mustBeRefused(session, lastWrite, () => this.api.meAfterLogout());
    this.api.token = undefined;
    this.#ended = isRefused ? { session, lastWrite } : undefined;
  }

  /** Looks whether a session that was ended can be made anew with what is left of it; no part of the load. */
  async staysOut(): Promise<void> {
    const ended = this.#ended;
    if (!ended) return;
    const { session, lastWrite } = ended;
    await this.unmeasured(() =>
      this.#mustBeRefused(session, `${lastWrite}, then refresh`, () =>
        this.api.refreshAfterLogout(session.refreshToken),
      ),
    );
  }

  /** A session whose time is over is as one that was ended. */
  async #lookAtExpired(): Promise<void> {
    const session = this.#expiring;
    if (!session || performance.now() < session.outdatedAt) return;
    this.#expiring = undefined;
    const { history } = this.#sessions;
    history.deleted(session.counter);
    await this.#mustBeRefused(session, 'its time is over', () => this.api.meAfterExpiry(session.token));
  }

  /** @returns whether it is; undefined when nobody knows */
  async #mustBeRefused(
    session: Session,
    lastWrite: string,
    ask: () => Promise<Reply<object>>,
  ): Promise<boolean | undefined> {
    const lastWriteAtMs = this.#nowMs();
    const { status } = await ask();
    if (status === 0 || status === 429 || status >= 500) return undefined;
    const { history } = this.#sessions;
    history.looked();
    // Which refusal it has to be says a check.
    if (status >= 400) return true;
    const example = {
      session: session.counter,
      of: this.account.email,
      lastWrite,
      lastWriteAtMs,
      seenAtMs: this.#nowMs(),
    };
    history.broken({ breach: 'resurrected', expected: 401, found: status }, example);
    return false;
  }

  /** A pause, unless the run is over. */
  async think(): Promise<void> {
    const { thinkTimeMs } = this.#clients;
    const { random, slice } = this.#vu;
    if (thinkTimeMs > 0)
      await wait(thinkTimeMs * (0.5 + random()), undefined, { signal: slice.signal }).catch(() => {});
  }

  /** Somebody who asks who they are is told so. */
  async isThemself(): Promise<void> {
    const { value } = await this.api.me();
    if (value) this.#isOwn(value, 'me');
  }

  /** Whatever is shown must be of the own organisation. @returns what is, and what does not say whose it is */
  own<R extends Pick<Resource, 'id' | 'name' | 'organization_id'>>(rows: readonly R[], shownBy: string): R[] {
    const { organization } = this;
    return rows.filter(({ id, name, organization_id: said }) => {
      const whose = said ?? this.#clients.organizationOf(name);
      if (organization === undefined || whose === undefined) return true;
      const example = { id, shownBy, to: this.account.email, seenAtMs: this.#nowMs() };
      const isOwn = this.#sessions.history.ownedBy(`${whose}`, `${organization}`, example);
      return this.#measured.check(`${shownBy}: only the own organisation's is shown`, isOwn);
    });
  }

  /** Looks whether somebody is let in who does not know the password; no part of the load. */
  async isGuarded(): Promise<void> {
    const { status } = await this.unmeasured(() => this.api.loginWithout(this.account));
    if (status === 0 || status === 429 || status >= 500) return;
    const { history } = this.#sessions;
    history.looked();
    if (status >= 400) return;
    const example = { shownBy: 'login with a wrong password', to: this.account.email, seenAtMs: this.#nowMs() };
    history.broken({ breach: 'foreign', expected: 401, found: status }, example);
  }

  evidence(): LifecycleEvidence {
    return this.#sessions.history.evidence();
  }

  /** Whoever is let in as somebody else is not let in. */
  #begin(value: ({ user: User } & Tokens) | undefined, by: string): boolean {
    if (!value || !this.#isOwn(value.user, by)) return false;
    this.organization = value.user.organization_id;
    this.#keep(this.#sessions.begin(), value);
    return true;
  }

  /** Whether it is the own account, and still of the same organisation. */
  #isOwn({ id, email, organization_id }: User, shownBy: string): boolean {
    const { history } = this.#sessions;
    const example = { id, shownBy, to: this.account.email, seenAtMs: this.#nowMs() };
    const isOwn =
      history.ownedBy(email.toLowerCase(), this.account.email.toLowerCase(), example) &&
      history.ownedBy(`${organization_id}`, `${this.organization ?? organization_id}`, example);
    return this.#measured.check(`${shownBy}: it is the own account`, isOwn);
  }

  #use(http: HttpClient, vu: Vu): void {
    this.api.use(http, vu);
    this.#measured = vu;
  }

  #keep(counter: number, { access_token, refresh_token, expires_in }: Tokens): void {
    secret(access_token);
    secret(refresh_token);
    this.api.token = access_token;
    const [now, lifeMs] = [performance.now(), 1_000 * expires_in];
    this.#session = {
      counter,
      token: access_token,
      refreshToken: refresh_token,
      refreshAt: now + REFRESH_AFTER * lifeMs,
      outdatedAt: now + lifeMs + Math.max(LEAST_LENIENCE_MS, LENIENCE * lifeMs),
    };
  }

  #nowMs(): number {
    return Math.round(this.#vu.slice.elapsedMs());
  }
}
