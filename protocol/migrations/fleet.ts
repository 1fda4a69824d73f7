import { type SliceContext, unmeasured, type Vu } from '../../support/test.ts';
import { vmBaseUrl, vmToken } from '../apis/vms/api.ts';
import { Http } from '../transports/http.ts';
import { Rounds } from '../transports/rounds.ts';
import type { Follow } from './follow.ts';
import { MigrationHistory } from './history.ts';
import { MigratingVm, type Shared } from './migrating-vm.ts';
import type { MigrationOptions } from './options.ts';
import { DwcpStream } from './stream.ts';

/** The migrating VMs of a slice, one a VU, and what they share: connections, the stream, one timer, the history. */
export class Fleet implements Shared {
  readonly options: MigrationOptions;
  readonly token: string | undefined;
  readonly http: Http;
  readonly unmeasured: Http;
  readonly stream: DwcpStream | undefined;
  readonly rounds: Rounds<Follow>;
  readonly history = new MigrationHistory();
  /** Migrations under way. */
  active = 0;

  static async open(slice: SliceContext<MigrationOptions>): Promise<Fleet> {
    const fleet = new Fleet(slice);
    await fleet.stream?.open();
    return fleet;
  }

  private constructor(slice: SliceContext<MigrationOptions>) {
    this.options = slice.options;
    const { follow, probeShare, pollIntervalMs } = this.options;
    this.token = vmToken(slice);
    // Each VU may look at its job while another one's question for blackouts waits for its answer.
    const baseUrl = vmBaseUrl(slice.target);
    this.http = new Http(slice, baseUrl, { connections: Math.ceil(slice.maxVUs * (1 + probeShare)) });
    this.unmeasured = new Http(unmeasured(slice), baseUrl);
    this.stream = follow === 'poll' ? undefined : new DwcpStream(slice, this.token);
    this.rounds = new Rounds(pollIntervalMs, (one) => one.visit());
    slice.recorder.onPack(() => slice.recorder.add('migrations_active', this.active));
  }

  /** A VM for a VU; one that cannot be had now is asked for again with its first migration. */
  async make(vu: Vu): Promise<MigratingVm> {
    const vm = new MigratingVm(this, vu);
    await vm.open();
    return vm;
  }

  /** Of all of them, for each oracle. */
  evidence(): object {
    return {
      'migration-continuity': this.history.evidence(),
      'event-delivery': this.stream?.evidence() ?? null,
    };
  }

  async close(): Promise<void> {
    this.rounds.close();
    await Promise.all([this.stream?.close(), this.http.close(), this.unmeasured.close()]);
  }
}
