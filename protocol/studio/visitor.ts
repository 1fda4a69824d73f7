import type { Vu } from '../../support/test.ts';
import type { Member } from './member.ts';
import { accountFor, type Studio } from './studio.ts';

/** A VU of which there is one user with an account, and any number of new ones. */
export class Visitor {
  readonly member: Member;
  readonly #vu: Vu;
  #newcomers = 0;

  /** Its account is made, and nobody is signed in to it. */
  static async of(vu: Vu, studio: Studio): Promise<Visitor> {
    const member = await studio.member(vu);
    await member.unmeasured(() => member.signOut());
    return new Visitor(vu, member);
  }

  private constructor(vu: Vu, member: Member) {
    this.#vu = vu;
    this.member = member;
  }

  /** Somebody makes an account, is who they said, and leaves. */
  async register(): Promise<void> {
    this.#newcomers += 1;
    const { slice, id } = this.#vu;
    const newcomer = this.member.newcomer(accountFor(slice, this.#newcomers, `${slice.scenario}-${id}-new`));
    if (await newcomer.signUp()) await this.#leave(newcomer);
    await this.member.think();
  }

  /** Somebody with an account comes, is who they said, and leaves. */
  async login(): Promise<void> {
    if (await this.member.signIn()) await this.#leave(this.member);
    await this.member.think();
  }

  /** Once, so that no account is locked for it: nobody else gets in. */
  async settle(): Promise<void> {
    await this.member.staysOut();
    await this.member.isGuarded();
  }

  async #leave(member: Member): Promise<void> {
    await member.isThemself();
    await member.signOut();
  }
}
