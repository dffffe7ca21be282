// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceJob, type ServiceProcess, startServiceProcess } from './service-process.ts';

/* A definition of four nodes, one after the other: a script, an export, a script on another database, an import. */

/** What differs between databases. */
export interface FourNodeScripts {
  /** One statement of the script on the source, after which its second goes on for a while. */
  readonly load: string;
  /** The same on the target. */
  readonly prepare: string;
}

const workspace = '/api/v1/workspaces/main';
export const nodeNames = ['load', 'save', 'prepare', 'bring'] as const;
type NodeName = (typeof nodeNames)[number];

/** Makes workspace, connections and the definition on the databases `shop` and `twin`, and submits it. Its schedule fires each second. */
export async function addFourNodes(service: ServiceProcess, scripts: FourNodeScripts): Promise<void> {
  const set = 'NIGHT_${day}.dmp';
  const node = (name: NodeName, action: object, at = nodeNames.indexOf(name)) => ({
    name,
    action,
    after: nodeNames.slice(Math.max(0, at - 1), at),
  });
  await service.request('POST', '/api/v1/workspaces', { name: 'main' });
  for (const name of ['shop', 'twin']) {
    await service.request('POST', `${workspace}/connections`, { name, database: name });
  }
  await service.request('POST', `${workspace}/scripts`, {
    name: 'load_shop',
    content: scripts.load,
    connection: 'shop',
  });
  await service.request('POST', `${workspace}/definitions`, {
    name: 'nightly',
    definition: {
      params: [{ name: 'day', value: '20260214' }],
      schedule: { cron: '* * * * * *' },
      nodes: [
        node('load', { type: 'sql', script: { name: 'load_shop' } }),
        node('save', {
          type: 'job',
          job: { kind: 'export', database: 'shop', mode: 'full', file_pattern: set },
        }),
        node('prepare', { type: 'sql', connection: 'twin', script: { text: scripts.prepare } }),
        node('bring', { type: 'job', job: { kind: 'import', database: 'twin', file_pattern: set } }),
      ],
    },
  });
  await service.request('POST', `${workspace}/definitions/nightly/submit`);
}

export const startFourNodes = (service: ServiceProcess): Promise<ServiceJob> =>
  service.request('POST', `${workspace}/definitions/nightly/runs`, {});

/** Lets the schedule begin the run, and switches it off. */
export async function scheduleFourNodes(service: ServiceProcess): Promise<ServiceJob> {
  await service.request('PUT', `${workspace}/definitions/nightly/schedule`, {});
  for (;;) {
    const { items } = await service.request<{ readonly items: readonly ServiceJob[] }>(
      'GET',
      `${workspace}/runs`,
    );
    const [first] = items;
    if (first !== undefined) {
      await service.request('DELETE', `${workspace}/definitions/nightly/schedule`);
      return first;
    }
    await sleep(20);
  }
}

interface NodeView {
  readonly name: NodeName;
  readonly state: string;
  readonly tries: number;
  readonly job: string | null;
}

export const nodesOf = async (service: ServiceProcess, run: string): Promise<readonly NodeView[]> =>
  (await service.request<{ readonly items: readonly NodeView[] }>('GET', `/api/v1/jobs/${run}/nodes`)).items;

/**
 * Waits until the run is in the middle of a node: the first statement of its script took effect, or its job is at work.
 * @returns false when the node was faster
 */
export async function inTheMiddleOf(service: ServiceProcess, run: string, name: NodeName): Promise<boolean> {
  for (;;) {
    const { state, job = null } = (await nodesOf(service, run)).find((each) => each.name === name) ?? {};
    if (state === 'failed') throw new Error(`the node ${name} failed`);
    if (state === 'completed') return false;
    if (job !== null) {
      const child = await service.request<ServiceJob>('GET', `/api/v1/jobs/${job}`);
      if (child.state === 'executing' || child.state === 'planning') return true;
    } else if (state === 'running') {
      const { items } = await service.request<{ readonly items: readonly { readonly message: string }[] }>(
        'GET',
        `/api/v1/jobs/${run}/log`,
      );
      if (items.some(({ message }) => message.startsWith(`Node ${name}, line 1:`))) return true;
    }
    await sleep(5);
  }
}

/** Kills the service in each node of a run, one after the other, and lets it go on; gives the finished run and the service that finished it. */
export async function killInEachNode(
  first: ServiceProcess,
  run: string,
  flags: readonly string[],
  killed: (name: NodeName, wasIn: boolean) => Promise<void>,
): Promise<{ readonly service: ServiceProcess; readonly job: ServiceJob }> {
  let service = first;
  for (const name of nodeNames) {
    const wasIn = await inTheMiddleOf(service, run, name);
    await service.kill();
    await killed(name, wasIn);
    service = await startServiceProcess({ data: first.data, flags });
  }
  return { service, job: await service.settled(run) };
}
