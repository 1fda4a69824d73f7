import { z } from 'zod';
import { type Account, accountOf, durationMs, type SliceContext, unmeasured, type Vu } from '../../support/test.ts';
import type { Id } from '../apis/id.ts';
import { studioSettings } from '../apis/studio/settings.ts';
import { Http } from '../transports/http.ts';
import type { Choice } from './choice.ts';
import { Collection, type Neighbours } from './collection.ts';
import { type Clients, Member } from './member.ts';

/** For a request that is no part of the load. */
const TIMEOUT_MS = 5_000;
const CLEANING = 16;
const CLEAN_UP_MS = 4_000;
/** Not now is not never. */
const MAY_PASS = [409, 429];

/** The members of a slice, one a VU, and what they share. */
export class Studio implements Clients, Neighbours {
  readonly http: Http;
  readonly unmeasured: Http;
  readonly thinkTimeMs: number;
  readonly #shown = new Map<number, Id>();
  /** By what their names begin with. */
  readonly #collections = new Map<string, Collection>();

  /**
   * @param thinkTimeMs how long people pause after what they do, on average
   * @throws one sentence when the target refuses those who sign up: none of the slice's users would get in
   */
  static async open(slice: SliceContext, thinkTimeMs = 0): Promise<Studio> {
    const studio = new Studio(slice, thinkTimeMs);
    const { status } = await studio.#signUp(slice);
    if (status < 400 || status >= 500 || MAY_PASS.includes(status)) return studio;
    // Another slice may have made the account: to some studios that is no 409, but a mistake like any other.
    if ((await studio.#signIn(slice)).status === 200) return studio;
    await studio.close();
    const { apiUrl } = slice.target;
    const path = `${studioSettings(slice.target).prefix}/auth/register`;
    throw new Error(
      `${slice.scenario}: POST ${path} of ${new URL(apiUrl).host} is ${status}; API_URL and STUDIO_API_PREFIX must be those of a studio where users may sign up.`,
    );
  }

  private constructor(slice: SliceContext, thinkTimeMs: number) {
    this.thinkTimeMs = thinkTimeMs;
    const baseUrl = `${slice.target.apiUrl}${studioSettings(slice.target).prefix}`;
    this.http = new Http(slice, baseUrl);
    this.unmeasured = new Http(unmeasured(slice), baseUrl, { connections: CLEANING, timeoutMs: TIMEOUT_MS });
  }

  /** A VU's user, who has an account and is signed in if the target can be asked for that. */
  async member(vu: Vu): Promise<Member> {
    const member = new Member(this, vu, accountFor(vu.slice, vu.id));
    await member.unmeasured(() => member.signUp(true));
    return member;
  }

  collection(member: Member, vu: Vu, choice: Choice): Collection {
    const made = new Collection(member, vu, choice, this);
    this.#collections.set(made.prefix, made);
    return made;
  }

  organizationOf(name: string): Id | undefined {
    return this.#collections.get(name.slice(0, name.lastIndexOf('-') + 1))?.organization;
  }

  stranger(vuId: number): Id | undefined {
    for (const [whose, id] of this.#shown) if (whose !== vuId) return id;
    return undefined;
  }

  show(vuId: number, id: Id | undefined): void {
    if (id === undefined) this.#shown.delete(vuId);
    else this.#shown.set(vuId, id);
  }

  /** Deletes what is left of a run that was stopped, and ends all connections. */
  async close(): Promise<void> {
    const deadline = performance.now() + CLEAN_UP_MS;
    const left = [...this.#collections.values()];
    const cleanUp = async () => {
      for (let one = left.pop(); one && performance.now() < deadline; one = left.pop()) await one.cleanUp();
    };
    await Promise.all(Array.from({ length: CLEANING }, cleanUp));
    await Promise.all([this.http.close(), this.unmeasured.close()]);
  }

  /** Whether VU 0 may sign up, or has done so. */
  #signUp(slice: SliceContext): Promise<{ status: number }> {
    const { email, password, name, organization } = accountFor(slice, 0);
    return this.#ask('register', { email, password, name, organization_name: organization });
  }

  #signIn(slice: SliceContext): Promise<{ status: number }> {
    const { email, password } = accountFor(slice, 0);
    return this.#ask('login', { email, password });
  }

  #ask(op: 'register' | 'login', body: object): Promise<{ status: number }> {
    return this.unmeasured.request({
      op,
      method: 'POST',
      path: `/auth/${op}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }
}

/** An account of an organisation of its own. */
export function accountFor({ runId, scenario }: SliceContext, slot: number, who = scenario): Account {
  const account = accountOf(runId, who, slot);
  return { ...account, organization: account.email };
}

/** A VU with what it has of one kind. */
export interface Builder {
  member: Member;
  own: Collection;
}

/** @param initial that it has before its first iteration */
export async function builder(vu: Vu, studio: Studio, choice: Choice, initial: number): Promise<Builder> {
  const member = await studio.member(vu);
  const own = studio.collection(member, vu, choice);
  if (member.organization !== undefined) await own.prepare(initial);
  return { member, own };
}

/** What profiles may say of people who come back again and again. */
export const peopleOptions = z.strictObject({
  thinkTime: durationMs
    .optional()
    .describe('How long people pause after what they do, on average: for VUs that loop. Default: not at all.'),
});

const act = (work: (own: Collection) => Promise<void>) => {
  return async ({ own, member }: Builder) => {
    await work(own);
    await member.think();
  };
};

/** What builders do with what is theirs. */
export const operations = {
  create: { weight: 30, run: act((own) => own.create()) },
  list: { weight: 40, run: act((own) => own.list()) },
  update: { weight: 20, run: act((own) => own.update()) },
  delete: { weight: 10, run: act((own) => own.delete()) },
};

/** Enough that there are some to change and delete from the first iteration on. */
export const INITIAL_RESOURCES = 4;

/** The last session is over, for good. */
export async function leave(member: Member): Promise<void> {
  await member.signOut();
  await member.staysOut();
}

/** The last look, and the last session is over. */
export async function settle({ member, own }: Builder): Promise<void> {
  await own.settle();
  await leave(member);
}
