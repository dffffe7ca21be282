import path from 'node:path';
import { type ServiceProcess, type ServiceProcessOptions, startServiceProcess } from './service-process.ts';
import type { TcpProxy } from './tcp-proxy.ts';

/** One of several instances that share a store: a process that can die, be frozen, be cut off from the store, and come back. */
export interface ClusterInstance extends AsyncDisposable {
  readonly name: string;
  readonly data: string;
  readonly port: number;
  /** Its own way to the store. */
  readonly line: TcpProxy;
  /** The process that runs, or ran last. */
  readonly process: ServiceProcess;
  /** `gone`: no process; `frozen`: by SIGSTOP; `cut`: it runs and cannot reach the store. */
  readonly state: 'up' | 'gone' | 'frozen' | 'cut';
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for the end that the process comes to by itself. */
  drain(): Promise<void>;
  /** A new process on the same port and data folder; ready when this resolves. */
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Nothing passes between it and the store from now on, and nobody is told. */
  cut(): void;
  /** The end of a cut. */
  heal(): Promise<void>;
}

export interface ClusterInstanceOptions extends Pick<ServiceProcessOptions, 'flags' | 'environment'> {
  readonly name: string;
  readonly data: string;
  readonly port: number;
  readonly line: TcpProxy;
}

/** Starts the first process of an instance. What its processes say goes to `NAME.log` beside the data folder. */
export async function startClusterInstance(options: ClusterInstanceOptions): Promise<ClusterInstance> {
  const { name, data, port, line, flags = [], environment = {} } = options;
  const launch = () =>
    startServiceProcess({
      data,
      flags: ['--port', String(port), ...flags],
      environment: { ...environment, PUMPHOUSE_INSTANCE: name },
      log: path.join(path.dirname(data), `${name}.log`),
    });
  let service = await launch();
  let state: ClusterInstance['state'] = 'up';
  const kill = async (): Promise<void> => {
    state = 'gone';
    await service.kill();
  };
  return {
    name,
    data,
    port,
    line,
    get process() {
      return service;
    },
    get state() {
      return state;
    },
    kill,
    async drain() {
      state = 'gone';
      service.signal('SIGTERM');
      await service.ended;
    },
    async start() {
      if (state === 'up') return;
      service = await launch();
      state = 'up';
    },
    freeze() {
      service.signal('SIGSTOP');
      state = 'frozen';
    },
    thaw() {
      service.signal('SIGCONT');
      state = 'up';
    },
    cut() {
      line.silence();
      state = 'cut';
    },
    async heal() {
      await line.mend();
      state = 'up';
    },
    // A frozen process hears nothing else.
    [Symbol.asyncDispose]: kill,
  };
}
