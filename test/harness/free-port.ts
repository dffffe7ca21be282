import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';

/** A port of 127.0.0.1 that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The system gives ports above to whoever asks for any: ranges below keep clear of them. */
const [leastPort, firstOfSystem] = [10_000, 32_768];

/**
 * So many ports in a row that nobody listens on at the moment, at 127.0.0.1 nor at 127.0.0.2, where a proxy may want the same numbers.
 * @returns the first
 */
export async function freePortRange(count: number): Promise<number> {
  for (;;) {
    const first = randomInt(leastPort, firstOfSystem - count);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const taken = await Promise.all(
      ports.flatMap((port) => ['127.0.0.1', '127.0.0.2'].map((host) => isTaken(port, host))),
    );
    if (!taken.includes(true)) return first;
  }
}

async function isTaken(port: number, host: string): Promise<boolean> {
  const server = net.createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch {
    return true;
  }
  server.close();
  await once(server, 'close');
  return false;
}
