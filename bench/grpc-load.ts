/** Tandem's part in the gRPC bench: what a load does in a run, without Playwright around it. */
import { Grpc, grpcMetrics } from '../protocol/transports/grpc.ts';
import { Recorder } from '../support/measure/recorder.ts';
import type { Plan } from '../support/schedule/plan.ts';
import { directWire } from '../support/wire/wire.ts';
import type { Round } from './contender.ts';
import { service } from './grpc-things.ts';
import { sendRound, sliceContext } from './load.ts';

/** Sends rounds by a plan: every iteration paced and recorded, every answer checked, every interval packed. */
export class GrpcBenchLoad {
  readonly #recorder = new Recorder('bench', 'load', grpcMetrics);
  #grpc: Grpc | undefined;

  /** Rejects when a call or check fails, or not exactly the round's calls were sent. */
  async send(round: Round, plan: Plan): Promise<void> {
    const context = sliceContext(round.origin, this.#recorder, round.connections);
    this.#grpc ??= await Grpc.open(context, { address: new URL(round.origin).host, secure: false, wire: directWire });
    const grpc = this.#grpc;
    await sendRound(round, plan, context, async (vu) => {
      const answer = await grpc.call<{ version: number }>({ op: 'get', method: service.Get!, request: { id: 'a' } });
      if (!vu.check('status is OK', answer.status === 'OK')) return;
      vu.check('answer has a version', answer.value?.version === 1);
    });
  }
}
