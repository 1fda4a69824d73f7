import { type Account, accountOf, type SliceContext, secret } from '../../support/test.ts';
import { userIn } from '../apis/auth.ts';
import { databaseSettings } from '../apis/database/settings.ts';
import { studioSettings } from '../apis/studio/settings.ts';
import { vmBaseUrl, zones } from '../apis/vms/api.ts';
import { vmSettings } from '../apis/vms/settings.ts';
import { type Http, json } from '../transports/http.ts';
import { Backup } from './backup.ts';
import type { IntegrityOptions } from './options.ts';
import { Absent, type Part } from './part.ts';
import { Replicas } from './replicas.ts';
import { type ResourceKind, Resources } from './resources.ts';
import { Rows } from './rows.ts';
import { Transfers } from './transfers.ts';
import { VmStream } from './vm-stream.ts';

type Slice = SliceContext<IntegrityOptions>;

/** Of a target, what can be looked at. */
export interface Parts {
  all: Part[];
  backup: Backup | undefined;
}

/**
 * @param tell is told of what the target does not have
 * @throws when that cannot be known, since it does not answer
 */
export async function openParts(slice: Slice, vuId: number, tell: (sentence: string) => void): Promise<Parts> {
  const { databaseUrl: url } = databaseSettings(slice.target);
  const present = async <T>(opening: Promise<T>): Promise<T | undefined> => {
    try {
      return await opening;
    } catch (error) {
      if (!(error instanceof Absent)) throw error;
      tell(`${slice.scenario}: ${error.message}`);
      return undefined;
    }
  };
  const rows = async (part: keyof IntegrityOptions['rows']) =>
    url === undefined ? undefined : present(Rows.open(url, part, slice.options.rows[part]));
  if (url === undefined)
    tell(
      `${slice.scenario}: LOAD_DATABASE_URL is not set: nothing is compared with the database, no transfers are made, and no backup is restored.`,
    );
  const vms = vmKind(slice, vuId);
  const stream = new VmStream(slice, vms.token);
  const isHeard = await stream.connect();
  const found = [
    await present(Resources.open(slice, vms, await rows('vms'), isHeard ? stream : undefined)),
    await present(Resources.open(slice, agentKind(slice, vuId), await rows('agents'))),
    await present(Replicas.open(slice, tokenOf(slice, vuId), await rows('replicas'))),
    ...(url === undefined ? [] : [await Transfers.open(slice, url, vuId)]),
  ];
  const all = found.filter((part) => part !== undefined);
  if (!isHeard && all.some(({ name }) => name === vms.name))
    tell(
      `${slice.scenario}: vms are not compared with the stream: ${slice.target.wsUrl}/realtime confirms no subscription.`,
    );
  const backup = url === undefined || vuId > 0 ? undefined : await present(Backup.open(slice, url));
  return { all, backup };
}

/** An account of a VU's own, where the target takes tokens that are made up. */
function tokenOf({ runId, scenario }: Slice, vuId: number): string {
  return `tandem-${runId}-${scenario}-${vuId}`;
}

function configuredOr(slice: Slice, token: string): string | undefined {
  return slice.target.token ?? (userIn(slice.target.apiUrl) ? undefined : token);
}

function vmKind(slice: Slice, vuId: number): ResourceKind {
  const token = tokenOf(slice, vuId);
  return {
    name: 'vms',
    baseUrl: vmBaseUrl(slice.target),
    path: '/vms',
    made: (n) => ({
      name: `${token}-${n}`,
      ...{ cpu_cores: 1, memory_mb: 512, disk_gb: 10, image: 'debian-12', zone: zones[n % zones.length] },
    }),
    changed: (n) => ({ memory_mb: 512 + n }),
    changeMethod: vmSettings(slice.target).updateMethod,
    token: configuredOr(slice, token),
  };
}

function agentKind(slice: Slice, vuId: number): ResourceKind {
  const { target, runId, scenario } = slice;
  const { prefix, workspace, model } = studioSettings(target);
  const token = tokenOf(slice, vuId);
  return {
    name: 'agents',
    baseUrl: `${target.apiUrl}${prefix}`,
    path: '/agents',
    made: (n) => ({
      ...{ workspace_id: workspace, model_id: model, agent_type: 'custom' },
      ...{ name: `${token}-${n}`, description: 'made' },
    }),
    changed: (n) => ({ description: `changed ${n}` }),
    changeMethod: 'PUT',
    token: configuredOr(slice, token),
    ...(target.token === undefined && { signIn: (http) => signedIn(http, accountOf(runId, scenario, vuId)) }),
  };
}

/** The token of a user who has an account, or now gets one. */
async function signedIn(http: Http, { email, password, name, organization }: Account): Promise<string | undefined> {
  const headers = { 'content-type': 'application/json' };
  for (const op of ['login', 'register']) {
    const body = JSON.stringify({
      email,
      password,
      ...(op === 'register' && { name, organization_name: organization }),
    });
    const answer = await http.request({ op, method: 'POST', path: `/auth/${op}`, headers, body });
    if (answer.status !== 200 && answer.status !== 201) continue;
    const said = json<{ access_token?: unknown; tokens?: { access_token?: unknown } }>(answer);
    const token = said?.access_token ?? said?.tokens?.access_token;
    if (typeof token === 'string') return secret(token);
  }
  return undefined;
}
