import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { installPackagesCommand, type ServerPackage } from './debian-packages.ts';

/** Listens on a port of 127.0.0.1, and starts a program for each connection, as inetd does. Disposing ends all of them. */
export interface SocketServer extends AsyncDisposable {
  readonly port: number;
  /** Resolves when a connection is greeted with a line that begins so; throws with what the program said when it is not. */
  greets(begin: string): Promise<void>;
}

/** @param args have the connection as standard input and output; the programs end when it does, so also when this process dies */
export async function startSocketServer(
  program: string,
  args: readonly string[],
  debianPackages: readonly ServerPackage[],
): Promise<SocketServer> {
  try {
    accessSync(program, constants.X_OK);
  } catch {
    throw new Error(
      `${program} is not installed for the tests. Install it with: ${installPackagesCommand(debianPackages)}`,
    );
  }
  let said = '';
  const running = new Set<ChildProcess>();
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    const child = spawn(program, args, { cwd: '/', stdio: [socket, socket, 'pipe'] });
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
    // The program has the connection now.
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    port,

    async greets(begin) {
      const socket = connect(port, '127.0.0.1').setEncoding('utf8');
      let heard = '';
      try {
        for await (const text of socket) {
          heard += text;
          if (heard.startsWith(begin)) return;
          if (heard.includes('\n')) break;
        }
        throw new Error(`${program} does not greet with ${begin} but with "${heard}":\n${said}`);
      } finally {
        socket.destroy();
      }
    },

    async [Symbol.asyncDispose]() {
      server.close();
      const ends = [...running].map((child) => once(child, 'exit'));
      for (const child of running) child.kill('SIGKILL');
      await Promise.all(ends);
    },
  };
}
