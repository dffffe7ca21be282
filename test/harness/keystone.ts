import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';

/** What a fake Keystone knows. */
export interface Cloud {
  /** The token that a login gets. */
  token(): Promise<string>;
  /** Of the catalogue, besides endpoints of other kinds. */
  readonly swift: readonly { readonly interface: string; readonly region: string; readonly url: string }[];
}

/**
 * A fake of OpenStack Keystone, since none is to be had as a server for tests: the part of the Identity API v3 that logs in. It is strict: a
 * request whose body is not, member by member, one of those that Keystone documents is refused as Keystone does. It knows the user `ops` of
 * the domain `default` (with a password), the user `ops` of the domain `Staff`, the project `backups` of both (with an id), and one
 * application credential.
 */
export interface FakeKeystone extends AsyncDisposable {
  /** `http://127.0.0.1:port/identity/v3` */
  readonly authUrl: string;
  /** Tokens given out. */
  readonly logins: number;
}

export const keystoneUser = { id: 'ops', password: 'pässword', project: 'backups' };
export const keystoneProjectId = '0123456789abcdef0123456789abcdef';
export const applicationCredential = { id: 'f'.repeat(32), secret: 'application secret' };

export async function startFakeKeystone(cloud: Cloud): Promise<FakeKeystone> {
  let logins = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refuse = (status: number, title: string, message: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: status, message, title } }));
    };
    const body = await text(request);
    if (request.url !== '/identity/v3/auth/tokens') {
      refuse(404, 'Not Found', 'Could not find the requested resource.');
    } else if (request.method !== 'POST') {
      refuse(405, 'Method Not Allowed', 'The method is not allowed for the requested URL.');
    } else if (request.headers['content-type'] !== 'application/json') {
      refuse(400, 'Bad Request', 'The server could not comply with the request: it is not JSON.');
    } else {
      const wanted = JSON.parse(body) as unknown;
      const isKnown = knownLogins.some((login) => isDeepStrictEqual(login, wanted));
      if (!isKnown) {
        refuse(401, 'Unauthorized', 'The request you have made requires authentication.');
        return;
      }
      logins += 1;
      const token = await cloud.token();
      // A token without a project has no catalogue.
      const hasProject = JSON.stringify(wanted).includes('"project"') || body.includes('application');
      response.writeHead(201, { 'content-type': 'application/json', 'x-subject-token': token });
      response.end(
        JSON.stringify({
          token: { methods: ['password'], ...(hasProject ? { catalog: catalogueOf(cloud) } : {}) },
        }),
      );
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    authUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/identity/v3`,
    get logins() {
      return logins;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const catalogueOf = ({ swift }: Cloud): object[] => [
  {
    type: 'identity',
    name: 'keystone',
    endpoints: [
      { interface: 'public', region: 'RegionOne', region_id: 'RegionOne', url: 'http://127.0.0.1:1/' },
    ],
  },
  {
    type: 'object-store',
    name: 'swift',
    endpoints: swift.map((endpoint) => ({ id: 'e', region_id: endpoint.region, ...endpoint })),
  },
];

/** As https://docs.openstack.org/api-ref/identity/v3/ has them. */
const knownLogins: readonly object[] = [
  ...[{ id: 'default' }, { name: 'Staff' }].flatMap((domain) => {
    const { id: name, password, project } = keystoneUser;
    const identity = { methods: ['password'], password: { user: { name, domain, password } } };
    const scopes = [{ project: { name: project, domain } }, { project: { id: keystoneProjectId } }];
    return [{ auth: { identity } }, ...scopes.map((scope) => ({ auth: { identity, scope } }))];
  }),
  {
    auth: {
      identity: { methods: ['application_credential'], application_credential: applicationCredential },
    },
  },
];
